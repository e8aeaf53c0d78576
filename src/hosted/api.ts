import type { FastifyRequest } from "fastify";
import type { WireError } from "./wire.ts";

/** How the pages reach the public API: a `fetch` that takes a path instead of a URL. */
export type FetchApi = (
  path: string,
  init: {
    readonly method: "GET" | "POST" | "DELETE";
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    /** Who the browser's connection is from, for clients that can pass it on: an IP address, or `unix`. */
    readonly remoteAddress: string;
  },
) => Promise<Response>;

/** What the API answered. `cookies` are `Set-Cookie` lines for the browser. */
export type Got<T> =
  | { readonly kind: "ok"; readonly body: T; readonly cookies: readonly string[] }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly error: WireError;
      /** Where the API wants the browser to go. */
      readonly redirectTo: string | undefined;
      readonly retryAfter: string | undefined;
      readonly cookies: readonly string[];
    };

/** The public API, called on behalf of one browser's request. */
export interface Api {
  /** @throws whatever `fetchApi` throws, and when the answer is no JSON object or list */
  get<T>(path: string): Promise<Got<T>>;
  /** Sends JSON. @throws as `get` */
  post<T>(path: string, body: Readonly<Record<string, unknown>>): Promise<Got<T>>;
  /** @throws as `get` */
  delete(path: string): Promise<Got<unknown>>;
}

/** The headers that say who asks and how they came here. The session is the browser's cookie, nothing else. */
const passedOn = [
  "cookie",
  "host",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-for",
  "true-client-ip",
  "x-request-id",
  "traceparent",
  "tracestate",
];

/** With a change goes where it comes from, for the API to judge. */
const passedOnWithChanges = [...passedOn, "origin", "sec-fetch-site", "sec-fetch-mode", "user-agent"];

/** Creates the API as seen by the browser that sent this request. */
export const createApi = (fetchApi: FetchApi, request: FastifyRequest): Api => {
  const headersOf = (names: readonly string[]): Record<string, string> => {
    const headers: Record<string, string> = { accept: "application/json" };
    for (const name of names) {
      const value = request.headers[name];
      if (value !== undefined) headers[name] = String(value);
    }
    // HTTP/2 names the host elsewhere (RFC 9113, section 8.3.1).
    headers.host ??= request.host;
    headers["x-request-id"] ??= request.id;
    return headers;
  };

  const call = async <T>(
    method: "GET" | "POST" | "DELETE",
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Got<T>> => {
    const response = await fetchApi(path, {
      method,
      headers,
      ...(body !== undefined && { body }),
      remoteAddress: request.socket.remoteAddress || "unix",
    });
    const cookies = response.headers.getSetCookie();
    const answer: unknown = response.status === 204 ? undefined : await response.json();
    if (response.ok) return { kind: "ok", body: answer as T, cookies };
    const said = answer as { readonly error?: WireError; readonly redirect_browser_to?: string } | null;
    return {
      kind: "refused",
      status: response.status,
      error: said?.error ?? {},
      redirectTo: said?.redirect_browser_to,
      retryAfter: response.headers.get("retry-after") ?? undefined,
      cookies,
    };
  };

  return {
    get: (path) => call("GET", path, headersOf(passedOn)),
    post: (path, body) =>
      call(
        "POST",
        path,
        { ...headersOf([...passedOnWithChanges, "accept-language"]), "content-type": "application/json" },
        JSON.stringify(body),
      ),
    delete: (path) => call("DELETE", path, headersOf(passedOnWithChanges)),
  };
};
