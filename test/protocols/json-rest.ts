import { type CallbackResult, type Sending, send } from "./http.ts";
import { createJar, type Jar } from "./jar.ts";
import type {
  Accepted,
  Answer,
  Done,
  FlowKind,
  Flows,
  Headers,
  Protocol,
  SeenPending,
  SessionPage,
  Visitor,
} from "./protocol.ts";
import { refusalOf } from "./rest-refusal.ts";
import { flowOfJson, type SeenFlow, sessionOfJson, shownIn } from "./seen.ts";
import { nextOfJson } from "./seen-next.ts";
import { type TestServer, ui } from "./server.ts";

/* Native REST and the single-page app: the same JSON, once with a token, once with cookies. */

/** JSON in, JSON out, the session token in a header. */
export const nativeRest: Protocol = {
  name: "native REST",
  family: "native",
  isForm: false,
  enter: (server) => createVisitor(server, undefined),
};

/** A page that calls by script: JSON with cookies, and the anti-CSRF token in the body. */
export const spa: Protocol = {
  name: "single-page app",
  family: "browser",
  isForm: false,
  enter: (server) => createVisitor(server, createJar()),
};

/** What a browser says of a call by a page of the tests' user interface. */
export const fromOurPage = { origin: ui.origin, "sec-fetch-site": "same-site" } as const;

const createVisitor = (server: TestServer, jar: Jar | undefined): Visitor => {
  const credentials: Visitor["credentials"] = jar === undefined ? {} : { jar };
  const type = jar === undefined ? "api" : "browser";
  const csrfTokens = new Map<string, unknown>();

  const call = async (path: string, { headers, ...rest }: Sending = {}): Promise<CallbackResult> => {
    const page: Headers =
      jar === undefined
        ? {}
        : { "sec-fetch-mode": "cors", "sec-fetch-site": "same-site", ...(rest.method !== undefined && fromOurPage) };
    const received = await send(`${server.url}${path}`, {
      ...rest,
      headers: {
        accept: "application/json",
        ...page,
        cookie: jar?.header,
        "x-session-token": credentials.token,
        ...headers,
      },
    });
    jar?.take(received.setCookies);
    return received;
  };
  const answer = <T>(received: CallbackResult, read: (received: CallbackResult) => T): Answer<T> =>
    received.status < 300 ? ({ ok: true, value: read(received) } satisfies Accepted<T>) : refusalOf(received);
  /** The client must navigate: to a sign-in provider, say. */
  const followed = (received: CallbackResult, read: (received: CallbackResult) => Done): Answer<Done> =>
    received.status === 422
      ? { ok: true, value: {}, location: String(received.json.redirect_browser_to) }
      : answer(received, read);
  const submit = (path: string, method: string, body: unknown, headers: Headers = {}) =>
    call(path, { method, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

  const remember = (flow: SeenFlow): SeenFlow => {
    csrfTokens.set(flow.id, shownIn(flow, "csrf_token"));
    return flow;
  };
  const flows = (kind: FlowKind): Flows => ({
    create: async (query = {}) =>
      answer(await call(`/self-service/${kind}/${type}${queryOf(query)}`), ({ json }) => remember(flowOfJson(json))),
    get: async (id) =>
      answer(await call(`/self-service/${kind}/flows${queryOf({ id })}`), ({ json }) => remember(flowOfJson(json))),
    update: async (id, submission) => {
      const token = jar === undefined ? {} : { csrf_token: csrfTokens.get(id) };
      return followed(
        await submit(`/self-service/${kind}${queryOf({ flow: id })}`, "POST", { ...token, ...submission }),
        setSessionToken,
      );
    },
  });
  const setSessionToken = (received: CallbackResult): Done => {
    const done = readDone(received);
    if (done.token !== undefined) credentials.token = done.token;
    return done;
  };

  return {
    credentials,
    settings: flows("settings"),
    login: flows("login"),
    registration: flows("registration"),
    verification: flows("verification"),
    recovery: flows("recovery"),
    resume: async (id) => followed(await call(`/self-service/settings${queryOf({ flow: id })}`), readDone),
    exchange: async (initCode, returnToCode) =>
      answer(
        await call(`/sessions/token-exchange${queryOf({ init_code: initCode, return_to_code: returnToCode })}`),
        setSessionToken,
      ),
    nonce: async () => String((await submit("/self-service/methods/oidc/nonce", "POST", {})).json.nonce),
    whoami: async () => answer(await call("/sessions/whoami"), ({ json }) => sessionOfJson(json)),
    sessions: async (query = {}) => answer(await call(`/sessions${queryOf(query)}`), readPage),
    revoke: async (id) => answer(await call(`/sessions/${id}`, { method: "DELETE" }), () => undefined),
    trustedDevices: async () => answer(await call("/sessions/trusted-devices"), readIds),
    endTrustedDevice: async (id) =>
      answer(await call(`/sessions/trusted-devices/${id}`, { method: "DELETE" }), () => undefined),
    pendingAddresses: async () => answer(await call("/addresses/pending"), readPending),
    cancelPending: async (id) => answer(await call(`/addresses/pending/${id}`, { method: "DELETE" }), () => undefined),
    addressUndo: async (token) =>
      answer(await call(`/self-service/address-undo${queryOf({ token })}`), ({ json }) => readUndo(json)),
    undoAddress: async (token) =>
      answer(await submit("/self-service/address-undo", "POST", { token }), () => undefined),
    resendPending: async (id) =>
      answer(await submit(`/addresses/pending/${id}/resend`, "POST", {}), ({ json }) => String(json.flow)),
    revokeOthers: async () => answer(await call("/sessions", { method: "DELETE" }), ({ json }) => Number(json.count)),
    signOut: async () => {
      if (jar === undefined)
        return answer(
          await submit("/self-service/logout/api", "DELETE", { session_token: credentials.token }),
          () => undefined,
        );
      const link = await call("/self-service/logout/browser");
      if (link.status !== 200) return refusalOf(link);
      return answer(await call(String(link.json.logout_url).slice(server.url.length)), () => undefined);
    },
  };
};

/** Parameters as a query string. */
export const queryOf = (query: Readonly<Record<string, string>>): string => {
  const text = new URLSearchParams(query).toString();
  return text === "" ? "" : `?${text}`;
};

/** Reads the answer to a submit: a settings flow, or a session. */
const readDone = ({ json, headers }: CallbackResult): Done => {
  const { session, session_token: issued } = json as { readonly session?: unknown; readonly session_token?: string };
  const token = issued ?? tokenAmong(json.continue_with);
  return {
    ...("ui" in json && { flow: flowOfJson(json) }),
    ...(session !== undefined && { session: sessionOfJson(session) }),
    ...(token !== undefined && { token }),
    next: nextOfJson(json.continue_with),
    ...(headers.etag !== undefined && { etag: headers.etag.replaceAll('"', "") }),
  };
};

/** The session token that a native app gets among what it continues with. */
const tokenAmong = (continueWith: unknown): string | undefined =>
  Array.isArray(continueWith)
    ? (continueWith as { readonly ory_session_token?: string }[]).find((next) => next.ory_session_token !== undefined)
        ?.ory_session_token
    : undefined;

/** Reads the ids of a list. */
export const readIds = ({ text }: CallbackResult): readonly string[] =>
  (JSON.parse(text) as { id: string }[]).map(({ id }) => id);

/** Reads what a token would undo. */
export const readUndo = ({ via, value }: Readonly<Record<string, unknown>>) => ({
  via: String(via),
  value: String(value),
});

/** Reads the addresses that wait. */
export const readPending = ({ text }: CallbackResult): readonly SeenPending[] =>
  (JSON.parse(text) as SeenPending[]).map(({ id, via, value }) => ({ id, via, value }));

/** Reads a page of sessions: the list, and the next page of the `Link` header. */
export const readPage = ({ text, headers }: CallbackResult): SessionPage => {
  const next = /<([^>]+)>;\s*rel="next"/.exec(String(headers.link ?? ""))?.[1];
  return {
    ids: (JSON.parse(text) as { id: string }[]).map(({ id }) => id),
    next: next === undefined ? undefined : (new URL(next, "http://any").searchParams.get("page_token") ?? undefined),
  };
};
