/**
 * The pages that come with the server: registration, login, settings, errors,
 * and a start page that leads to them. They are rendered from the flows that
 * the public API answers, node by node, so a new method shows up without a
 * change here; their forms go from the browser straight to the API, and none
 * of it needs a script.
 *
 * This folder knows the API as any client does, by its JSON. It owns neither
 * flows nor sessions nor what is allowed, and stores nothing.
 */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Answer } from "./answer.ts";
import type { FetchApi } from "./api.ts";
import { createInitUrl } from "./api-urls.ts";
import { createBeginAgain } from "./begin-again.ts";
import { showError } from "./error-page.ts";
import { notFound, unavailable } from "./failed-page.ts";
import { createFlowAnswers, type FlowPage } from "./flow-page.ts";
import { htmlText } from "./html.ts";
import { createLoginPage } from "./login-page.ts";
import { layOut } from "./page.ts";
import { createRegistrationPage } from "./registration-page.ts";
import { createSecurityHeaders } from "./security-headers.ts";
import { settingsPage } from "./settings-page.ts";
import { createStartPage } from "./start-page.ts";
import { readStylesheet } from "./stylesheet.ts";
import { createVisit, type Visit } from "./visit.ts";

/** What `createHosted` needs. */
export interface HostedDeps {
  /** Base URL of the public port, with or without the slash. The pages are below it, at `/hosted/`. */
  readonly publicBaseUrl: string;
  /** The public API; see createInjectClient for the one in the same process. */
  readonly fetchApi: FetchApi;
  /** Whether the pages' one cookie is `Secure`: always, but for development over plain HTTP. */
  readonly secureCookies: boolean;
  /** Whether people may sign up by themselves. */
  readonly registrationEnabled: boolean;
  readonly log: { error(fields: Readonly<Record<string, unknown>>, message: string): void };
}

/** Creates the pages, as a plugin for the Fastify app of the public port. */
export const createHosted = ({
  publicBaseUrl,
  fetchApi,
  secureCookies,
  registrationEnabled,
  log,
}: HostedDeps): FastifyPluginAsync => {
  const initUrl = createInitUrl(publicBaseUrl);
  const answerFlow = createFlowAnswers({ initUrl, beginAgain: createBeginAgain(secureCookies) });
  const headersFor = createSecurityHeaders(publicBaseUrl);
  const stylesheet = readStylesheet();

  const send = (reply: FastifyReply, answer: Answer): FastifyReply => {
    if (answer.cookies.length > 0) reply.header("set-cookie", [...answer.cookies]);
    if (answer.kind === "redirect")
      return reply
        .code(303)
        .headers({ ...headersFor([]), location: answer.location })
        .send("");
    if (answer.retryAfter !== undefined) reply.header("retry-after", answer.retryAfter);
    return reply
      .code(answer.status)
      .headers(headersFor(answer.page.nodes ?? []))
      .send(htmlText(layOut(answer.page)));
  };

  const page = (respond: (visit: Visit) => Promise<Answer>) => async (request: FastifyRequest, reply: FastifyReply) =>
    send(reply, await respond(createVisit(fetchApi, request)));

  const flowPage = (shown: FlowPage) => page((visit) => answerFlow(shown, visit));

  return async (app) => {
    app.setErrorHandler((error, request, reply) => {
      log.error({ err: error, request_id: request.id }, "a page could not be made");
      return send(reply, { kind: "page", status: 503, page: unavailable, cookies: [] });
    });
    app.get(
      "/hosted",
      page(async () => ({ kind: "redirect", location: "hosted/", cookies: [] })),
    );
    app.get("/hosted/", page(createStartPage(registrationEnabled)));
    app.get("/hosted/registration", flowPage(createRegistrationPage(initUrl)));
    app.get("/hosted/login", flowPage(createLoginPage({ initUrl, registrationEnabled })));
    app.get("/hosted/settings", flowPage(settingsPage));
    app.get("/hosted/error", page(showError));
    app.get(
      "/hosted/*",
      page(async () => ({ kind: "page", status: 404, page: notFound, cookies: [] })),
    );
    app.get("/hosted/style.css", async (request, reply) => {
      reply.headers({
        "cache-control": "public, max-age=300",
        etag: stylesheet.etag,
        "x-content-type-options": "nosniff",
      });
      if (request.headers["if-none-match"] === stylesheet.etag) return reply.code(304).send();
      return reply.header("content-type", "text/css; charset=utf-8").send(stylesheet.text);
    });
  };
};
