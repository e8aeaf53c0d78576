/**
 * The pages that come with the server: a start page with whose account it is,
 * a page for each flow, what messages lead to, errors, and the one after
 * signing out. They are rendered from the flows that the public API answers,
 * node by node, so a new method shows up without a change here; their forms go
 * from the browser straight to the API, and none of it needs a script. With one
 * it is better.
 *
 * This folder knows the API as any client does, by its JSON. It owns neither
 * flows nor sessions nor what is allowed, and stores nothing.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { createAddressUndoPage } from "./address-undo-page.ts";
import { type Answer, goTo } from "./answer.ts";
import type { FetchApi } from "./api.ts";
import { createInitUrl } from "./api-urls.ts";
import { createBeginAgain } from "./begin-again.ts";
import { createDeletionPages } from "./deletion-page.ts";
import { showError } from "./error-page.ts";
import type { Facts } from "./facts.ts";
import { errorPage } from "./failed-page.ts";
import { createFlowAnswers, type FlowPage } from "./flow-page.ts";
import { htmlText } from "./html.ts";
import { createInvitationPage } from "./invitation-page.ts";
import { createLoginPage } from "./login-page.ts";
import { createLook, type LookOptions } from "./look.ts";
import { createMailboxPage, isOwnHost, type Mailbox, sendMail } from "./mailbox-page.ts";
import { createMergePages } from "./merge-page.ts";
import { createOwnForms } from "./own-forms.ts";
import { layOut } from "./page.ts";
import { createRecoveryPage } from "./recovery-page.ts";
import { createRegistrationPage } from "./registration-page.ts";
import { createSecurityHeaders } from "./security-headers.ts";
import { sendAsset } from "./send-asset.ts";
import { createSettingsPage } from "./settings-page.ts";
import { showSignedOut } from "./signed-out-page.ts";
import { createStartPage } from "./start-page.ts";
import { createVerificationPage } from "./verification-page.ts";
import { createVisit, type Visit } from "./visit.ts";

/** What `createHosted` needs. */
export interface HostedDeps {
  /** Base URL of the public port, with or without the slash. The pages are below it, at `/hosted/`. */
  readonly publicBaseUrl: string;
  /** The public API; see createInjectClient for the one in the same process. */
  readonly fetchApi: FetchApi;
  /** Whether the pages' own cookies are `Secure`: always, but for development over plain HTTP. */
  readonly secureCookies: boolean;
  readonly facts: Facts;
  readonly look: LookOptions;
  /** In development, where messages are sent nowhere else. */
  readonly mailbox?: Mailbox | undefined;
  readonly log: { error(fields: Readonly<Record<string, unknown>>, message: string): void };
}

/** The pages. */
export interface Hosted {
  /** Mounts them on the Fastify app of the public port. */
  readonly mount: (app: FastifyInstance) => void;
  /** Answers a browser that looks for a page where there is nothing; undefined when it is none. */
  readonly notFound: (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined;
}

/**
 * Creates the pages.
 *
 * @throws Error when a file of the look cannot be used
 */
export const createHosted = ({
  publicBaseUrl,
  fetchApi,
  secureCookies,
  facts,
  look: lookOptions,
  mailbox,
  log,
}: HostedDeps): Hosted => {
  const publicUrl = publicBaseUrl.replace(/\/+$/, "");
  const initUrl = createInitUrl(publicUrl);
  const pageDeps = { facts, initUrl, publicUrl };
  const answerFlow = createFlowAnswers({ initUrl, beginAgain: createBeginAgain(secureCookies) });
  const headersFor = createSecurityHeaders(publicBaseUrl);
  const look = createLook(lookOptions);
  const ownForms = createOwnForms({ publicUrl, initUrl, secureCookies });
  const deletion = createDeletionPages({ publicUrl, initUrl });
  const merging = createMergePages({ publicUrl, initUrl });
  /** In front of the pages' addresses, for pages that do not stand beside them. */
  const root = `${new URL(`${publicUrl}/`).pathname}hosted/`;

  const send = (reply: FastifyReply, answer: Answer, { texts, here }: Visit, from = ""): FastifyReply => {
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
      .send(htmlText(layOut(answer.page, { texts, look, here, root: from })));
  };

  const page =
    (respond: (visit: Visit, request: FastifyRequest) => Promise<Answer>) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const visit = createVisit(fetchApi, request);
      return send(reply, await respond(visit, request), visit);
    };
  const flowPage = (shown: FlowPage) => page((visit) => answerFlow(shown, visit));

  const nothingHere = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const visit = { ...createVisit(fetchApi, request), here: "" };
    return send(
      reply,
      { kind: "page", status: 404, page: errorPage({ code: 404 }, visit.texts, { root }), cookies: [] },
      visit,
      root,
    );
  };

  const mountFiles = (app: FastifyInstance): void => {
    for (const asset of [look.style, look.script, look.icon, look.logo, look.css]) {
      if (asset !== undefined)
        app.get(`/hosted/${asset.name}`, async (request, reply) => sendAsset(asset, request, reply));
    }
  };

  const addRoutes = (app: FastifyInstance): void => {
    app.setErrorHandler((error: Error & { readonly statusCode?: number }, request, reply) => {
      const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 503;
      if (status === 503) log.error({ err: error, request_id: request.id }, "a page could not be made");
      const visit = createVisit(fetchApi, request);
      return send(reply, { kind: "page", status, page: errorPage({ code: status }, visit.texts), cookies: [] }, visit);
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string", bodyLimit: 8_192 },
      (_, body, done) => done(null, body),
    );

    app.get("/", async (request, reply) =>
      wantsPage(request) ? send(reply, goTo("hosted/"), createVisit(fetchApi, request)) : reply.callNotFound(),
    );
    app.get(
      "/hosted",
      page(async () => goTo("hosted/")),
    );
    app.get("/hosted/", page(createStartPage(facts)));
    app.get("/hosted/registration", flowPage(createRegistrationPage(pageDeps)));
    app.get("/hosted/login", flowPage(createLoginPage(pageDeps)));
    app.get("/hosted/settings", flowPage(createSettingsPage(pageDeps)));
    app.get("/hosted/verification", flowPage(createVerificationPage(pageDeps)));
    app.get("/hosted/recovery", flowPage(createRecoveryPage(pageDeps)));
    app.get("/hosted/address-undo", page(createAddressUndoPage(publicUrl)));
    app.get("/hosted/error", page(showError));
    app.get("/hosted/signed-out", page(showSignedOut));
    app.post("/hosted/end-session", page(ownForms.endSession));
    app.post("/hosted/pending-address", page(ownForms.pendingAddress));
    app.post("/hosted/language", page(ownForms.chooseLanguage));
    app.get("/hosted/deletion", page(deletion.showUndo));
    app.get("/hosted/invitation", page(createInvitationPage(publicUrl)));
    app.post("/hosted/deletion", page(deletion.undo));
    app.post("/hosted/delete-account", page(deletion.deleteAccount));
    app.post("/hosted/keep-account", page(deletion.cancelDeletion));
    if (facts.mergesAccounts) {
      app.get("/hosted/merge", page(merging.look));
      app.post("/hosted/merge-begin", page(merging.begin));
      app.post("/hosted/merge-offer", page(merging.offer));
      app.post("/hosted/merge-confirm", page(merging.confirm));
    }
    if (mailbox !== undefined) {
      const [showMailbox, showMail] = [page(createMailboxPage(mailbox)), sendMail(mailbox)];
      app.get("/hosted/mailbox", async (request, reply) =>
        isOwnHost(request.headers.host, publicBaseUrl) ? showMailbox(request, reply) : nothingHere(request, reply),
      );
      app.get<{ Params: { readonly id: string } }>("/hosted/mailbox/:id", async (request, reply) => {
        const isOwn = isOwnHost(request.headers.host, publicBaseUrl);
        return (isOwn ? await showMail(request.params.id, reply) : undefined) ?? nothingHere(request, reply);
      });
    }
    app.get("/hosted/*", async (request, reply) => nothingHere(request, reply));
    mountFiles(app);
  };

  const mount = (app: FastifyInstance): void => {
    app.register((scope, _, done) => {
      addRoutes(scope);
      done();
    });
  };
  return { mount, notFound: (request, reply) => (wantsPage(request) ? nothingHere(request, reply) : undefined) };
};

/** Whether a browser is on its way to a page, and not a program to an answer. */
const wantsPage = ({ method, headers }: FastifyRequest): boolean =>
  (method === "GET" || method === "HEAD") &&
  (headers.accept ?? "").includes("text/html") &&
  (headers["sec-fetch-mode"] ?? "navigate") === "navigate";
