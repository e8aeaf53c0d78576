/**
 * Writes the answers of the REST protocol: status, headers, cookies, JSON or a
 * redirect. It decides how something is said, never what: that is in the
 * message or the error, and in the table of errors.
 */
import { STATUS_CODES } from "node:http";
import type { Readable } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { Log } from "../../lib/log.ts";
import { toSetCookie } from "../../lib/set-cookie.ts";
import type { Answer } from "./answer.ts";
import type { ClientRequest } from "./client-request.ts";
import type { Printers } from "./encode.ts";
import { type ErrorObject, errorObject } from "./error-object.ts";
import { acceptsJson, isJson } from "./negotiate.ts";

/** What the answers of a route need to know of it. */
export interface Answering {
  readonly answer: Answer;
  readonly isGet: boolean;
  readonly programsOnly: boolean;
}

/** Writes answers. Each returns the reply, for Fastify to wait on. */
export interface Respond {
  readonly succeed: (
    route: Answering,
    request: FastifyRequest,
    reply: FastifyReply,
    call: Call,
    message: Message,
  ) => FastifyReply;
  /** Any failure; what is no ServiceError is INTERNAL. `route` and `call` are undefined when it failed before them. */
  readonly serviceError: (
    route: Answering | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
    call: Call | undefined,
    error: unknown,
  ) => Promise<FastifyReply>;
  /** An answer that is written as it comes. */
  readonly lines: (reply: FastifyReply, call: Call, lines: Readable) => FastifyReply;
  /** A line of text, with a status. */
  readonly text: (reply: FastifyReply, status: number, text: string) => FastifyReply;
  readonly redirect: (reply: FastifyReply, status: 303 | 307, location: string) => FastifyReply;
}

/** What the answers of a port need. */
export interface RespondDeps {
  readonly printers: Printers;
  /** Whether answers differ by `Origin`. */
  readonly cors: boolean;
  /** The page that shows errors to people; without one they are answered as JSON. */
  readonly errorUiUrl: string | undefined;
  /** Where a request comes from. */
  readonly clientRequestOf: (request: FastifyRequest) => Pick<ClientRequest, "remoteAddress">;
  /**
   * Stores an error for that page; returns its id, or undefined where too many are stored of the network that it
   * comes from.
   */
  readonly storeError: (error: ErrorObject, address: string) => Promise<string | undefined>;
  readonly log: Pick<Log, "error">;
}

const json = "application/json; charset=utf-8";

/** Creates what writes the answers of a port: results, redirects and errors. */
export const createRespond = ({
  printers,
  cors,
  errorUiUrl,
  clientRequestOf,
  storeError,
  log,
}: RespondDeps): Respond => {
  const always = {
    "cache-control": "private, no-cache, no-store, must-revalidate",
    vary: cors ? "Cookie, Origin" : "Cookie",
    "x-content-type-options": "nosniff",
  };

  const begin = (reply: FastifyReply, status: number, call?: Call): FastifyReply => {
    reply.code(status).headers(always);
    if (call === undefined) return reply;
    for (const [name, value] of call.reply.headers) reply.header(name, value);
    if (call.reply.cookies.length > 0) reply.header("set-cookie", toSetCookie(call.reply.cookies));
    return reply;
  };

  const redirect = (reply: FastifyReply, status: 303 | 307, location: string, call?: Call): FastifyReply =>
    begin(reply, status, call)
      .header("location", inHeader(location))
      .header("content-type", "text/html; charset=utf-8")
      .send(`<a href="${escapeHtml(inHeader(location))}">${STATUS_CODES[status]}</a>.\n`);

  /** The error page with this error on it, if there is one and it can be stored. */
  const errorPage = async (request: FastifyRequest, error: ErrorObject): Promise<string | undefined> => {
    if (errorUiUrl === undefined || errorUiUrl === "") return undefined;
    try {
      const id = await storeError(error, clientRequestOf(request).remoteAddress);
      return id === undefined
        ? undefined
        : `${errorUiUrl}${errorUiUrl.includes("?") ? "&" : "?"}id=${encodeURIComponent(id)}`;
    } catch (cause) {
      log.error({ request_id: request.id, err: cause }, "an error could not be stored for the error page");
      return undefined;
    }
  };

  const envelope = (
    reply: FastifyReply,
    call: Call | undefined,
    error: ServiceError,
    said: ErrorObject,
  ): FastifyReply =>
    withHeaders(begin(reply, said.code, call), error)
      .header("content-type", "application/json")
      // As bytes, because Fastify adds a charset to the content type of text.
      .send(Buffer.from(JSON.stringify({ error: said, ...error.parts.siblings })));

  const succeed: Respond["succeed"] = ({ answer, isGet, programsOnly }, request, reply, call, message) => {
    const wantsJson = programsOnly || (isGet ? acceptsJson(request.headers) : isJson(request.headers));
    const place = answer.navigation(message);
    if (place !== undefined) {
      if (!wantsJson || answer.onlyRedirects) return redirect(reply, 303, place, call);
      if (answer.prints && !answer.holds(message)) {
        const error = serviceError("BROWSER_LOCATION_CHANGE_REQUIRED", {
          explain: "Navigate the browser to redirect_browser_to.",
          siblings: { redirect_browser_to: place },
        });
        return envelope(reply, call, error, errorObject(error, request.headers["x-request-id"]));
      }
    }
    if (!answer.prints || answer.isEmpty(message)) return begin(reply, 204, call).send();
    const text = answer.print(message);
    const etag = answer.etag(message);
    if (etag !== undefined) reply.header("etag", inHeader(`"${etag}"`));
    return begin(reply, answer.status, call).header("content-type", json).send(text);
  };

  const failed: Respond["serviceError"] = async (route, request, reply, call, thrown) => {
    const error = thrown instanceof ServiceError ? thrown : serviceError("INTERNAL");
    const wantsJson = route?.programsOnly || isJson(request.headers);
    const { form, location } = error.parts;
    if (!wantsJson && location !== undefined) return redirect(withHeaders(reply, error), 303, location, call);
    if (form !== undefined) {
      const text = printers.of(form.desc)(form.value);
      return withHeaders(begin(reply, error.row.status, call), error)
        .header("content-type", json)
        .send(text);
    }
    const said = errorObject(error, request.headers["x-request-id"]);
    if (!wantsJson && route?.answer.navigated) {
      const page = await errorPage(request, said);
      if (page !== undefined) return redirect(withHeaders(reply, error), 303, page, call);
    }
    return envelope(reply, call, error, said);
  };

  return {
    succeed,
    serviceError: failed,
    lines: (reply, call, lines) => begin(reply, 200, call).header("content-type", "application/x-ndjson").send(lines),
    text: (reply, status, text) =>
      begin(reply, status).header("content-type", "text/plain; charset=utf-8").send(`${text}\n`),
    redirect: (reply, status, location) => redirect(reply, status, location),
  };
};

const withHeaders = (reply: FastifyReply, error: ServiceError): FastifyReply =>
  error.parts.headers === undefined ? reply : reply.headers(error.parts.headers);

/** What a header may hold: whatever it may not, line breaks above all, is percent-encoded. */
const inHeader = (text: string): string =>
  /^[\x21-\x7e]*$/.test(text) ? text : text.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
