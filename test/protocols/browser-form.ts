import { type CallbackResult, type Sending, send } from "./http.ts";
import { createJar } from "./jar.ts";
import { fromOurPage, queryOf, readIds, readPage, readPending, readUndo } from "./json-rest.ts";
import {
  type Accepted,
  type Answer,
  type Done,
  type FlowKind,
  type Flows,
  formFields,
  type Protocol,
  type Refusal,
  type Visitor,
} from "./protocol.ts";
import { plainRefusal, refusalOf, refusalOfError } from "./rest-refusal.ts";
import { flowOfJson, type SeenFlow, sessionOfJson, shownIn } from "./seen.ts";
import { type TestServer, ui } from "./server.ts";

/**
 * A browser without script: forms and redirects. It reads nothing of an answer
 * but where it is sent, and then what the page there would fetch.
 */
export const browserForm: Protocol = {
  name: "browser form",
  family: "browser",
  isForm: true,
  enter: (server) => createVisitor(server),
};

/** What forms say to a code that is wrong: they are answers, not refusals (docs/compatibility.md, rule 27). */
const wrongCodes: ReadonlySet<number> = new Set([4060006, 4070006]);
/** What a form says in the place of one that has expired. */
const expired: ReadonlySet<number> = new Set([4010001, 4040001, 4050001, 4060005, 4070005]);

/** What browsers ask for when they navigate. */
export const acceptHtml = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

const createVisitor = (server: TestServer): Visitor => {
  const jar = createJar();
  const csrfTokens = new Map<string, unknown>();

  const call = async (url: string, { headers, ...rest }: Sending = {}): Promise<CallbackResult> => {
    const received = await send(new URL(url, server.url).href, {
      ...rest,
      headers: { cookie: jar.header, ...headers },
    });
    jar.take(received.setCookies);
    return received;
  };
  const navigate = (url: string) =>
    call(url, { headers: { accept: acceptHtml, "sec-fetch-mode": "navigate", "sec-fetch-site": "same-site" } });
  const fetchJson = (url: string) => call(url, { headers: { accept: "application/json" } });
  const post = (url: string, fields: readonly [string, string][]) =>
    call(url, {
      method: "POST",
      headers: {
        accept: acceptHtml,
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-mode": "navigate",
        ...fromOurPage,
      },
      body: new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString(),
    });

  const fetchFlow = async (kind: FlowKind, id: string): Promise<Answer<SeenFlow>> => {
    const received = await fetchJson(`/self-service/${kind}/flows${queryOf({ id })}`);
    if (received.status !== 200) return refusalOf(received);
    const flow = flowOfJson(received.json);
    csrfTokens.set(flow.id, shownIn(flow, "csrf_token"));
    return { ok: true, value: flow };
  };

  /** Why the browser was sent where it was sent; undefined when it is where it wanted to be. */
  const refusalAt = async (location: string, wanted: FlowKind): Promise<Refusal | undefined> => {
    const { origin, pathname, searchParams } = new URL(location, server.url);
    const page = `${origin}${pathname}`;
    if (page === ui.error) {
      const { json } = await fetchJson(`/self-service/errors${queryOf({ id: searchParams.get("id") ?? "" })}`);
      return { ...refusalOfError(json.error as Parameters<typeof refusalOfError>[0]), location };
    }
    if (wanted === "settings" && page === `${server.url}/self-service/login/browser`) {
      if (searchParams.get("refresh") === "true")
        return plainRefusal("SESSION_REFRESH_REQUIRED", { location, reauthenticate: { redirectBrowserTo: location } });
      return plainRefusal(searchParams.get("aal") === "aal2" ? "AAL2_REQUIRED" : "SESSION_INACTIVE", { location });
    }
    if (wanted === "settings" && page === `${server.url}/self-service/settings/browser`)
      return plainRefusal("AAL2_REQUIRED", { location, stepUp: { redirectBrowserTo: location } });
    return wanted === "settings" && page === ui.login ? plainRefusal("SESSION_INACTIVE", { location }) : undefined;
  };

  /** What a person sees after the redirect: the form again, another form, or the place they wanted to go. */
  const followRedirect = async (received: CallbackResult, kind: FlowKind, id: string): Promise<Answer<Done>> => {
    const { location } = received.headers;
    if (received.status !== 303 || location === undefined) return refusalOf(received);
    const refusal = await refusalAt(location, kind);
    if (refusal) return refusal;
    if (![ui.origin, server.url].some((origin) => location.startsWith(origin)))
      return { ok: true, value: {}, location };
    const shown = location.startsWith(ui[kind]) ? new URL(location).searchParams.get("flow") : null;
    if (shown !== null && shown !== id) return replacedBy(kind, shown, location);
    if (kind === "recovery" && location.startsWith(ui.settings)) return { ok: true, value: {}, location };
    if (shown === null && kind !== "settings") return { ok: true, value: {}, location } satisfies Accepted<Done>;
    return shownForm(kind, id, location);
  };

  /** A form that took the place of the one that was submitted: it says why. */
  const replacedBy = async (kind: FlowKind, useFlowId: string, location: string): Promise<Refusal> => {
    const shown = await fetchFlow(kind, useFlowId);
    const isExpired = shown.ok && shown.value.texts.some(({ id }) => expired.has(id));
    return plainRefusal(isExpired ? "FLOW_EXPIRED" : "FLOW_REPLACED", { location, useFlowId });
  };

  /** The form that a person came back to: settings come back when they are saved as well. */
  const shownForm = async (kind: FlowKind, id: string, location: string): Promise<Answer<Done>> => {
    const fetched = await fetchFlow(kind, id);
    if (!fetched.ok) return fetched;
    const flow = fetched.value;
    const isAnswer = kind === "settings" || kind === "verification" || kind === "recovery";
    const rejected = isAnswer
      ? flow.texts.some(({ type, id: text }) => type === "error" && !wrongCodes.has(text))
      : true;
    return rejected
      ? plainRefusal("FORM_REJECTED", { texts: flow.texts, location })
      : { ok: true, value: { flow }, location };
  };

  const flows = (kind: FlowKind): Flows => ({
    create: async (query = {}) => {
      const received = await navigate(`/self-service/${kind}/browser${queryOf(query)}`);
      const { location } = received.headers;
      if (location === undefined) return refusalOf(received);
      const refusal = await refusalAt(location, kind);
      if (refusal) return refusal;
      const id = new URL(location, server.url).searchParams.get("flow");
      return id === null ? plainRefusal("SESSION_ALREADY_AVAILABLE", { location }) : fetchFlow(kind, id);
    },
    get: (id) => fetchFlow(kind, id),
    update: async (id, submission) => {
      const fields = formFields({ csrf_token: String(csrfTokens.get(id) ?? ""), ...submission }, "");
      return followRedirect(await post(`/self-service/${kind}${queryOf({ flow: id })}`, fields), kind, id);
    },
  });
  const answer = <T>(received: CallbackResult, read: (received: CallbackResult) => T): Answer<T> =>
    received.status < 400
      ? {
          ok: true,
          value: read(received),
          ...(received.headers.location !== undefined && { location: received.headers.location }),
        }
      : refusalOf(received);

  return {
    credentials: { jar },
    settings: flows("settings"),
    login: flows("login"),
    registration: flows("registration"),
    verification: flows("verification"),
    recovery: flows("recovery"),
    resume: async (id) =>
      followRedirect(await navigate(`/self-service/settings${queryOf({ flow: id })}`), "settings", id),
    exchange: async (initCode, returnToCode) => {
      const query = queryOf({ init_code: initCode, return_to_code: returnToCode });
      return answer(await fetchJson(`/sessions/token-exchange${query}`), () => ({}));
    },
    nonce: async () =>
      String((await call("/self-service/methods/oidc/nonce", { method: "POST", headers: fromOurPage })).json.nonce),
    whoami: async () => answer(await fetchJson("/sessions/whoami"), ({ json }) => sessionOfJson(json)),
    sessions: async (query = {}) => answer(await fetchJson(`/sessions${queryOf(query)}`), readPage),
    revoke: async (id) =>
      answer(await call(`/sessions/${id}`, { method: "DELETE", headers: fromOurPage }), () => undefined),
    trustedDevices: async () => answer(await fetchJson("/sessions/trusted-devices"), readIds),
    endTrustedDevice: async (id) =>
      answer(
        await call(`/sessions/trusted-devices/${id}`, { method: "DELETE", headers: fromOurPage }),
        () => undefined,
      ),
    pendingAddresses: async () => answer(await fetchJson("/addresses/pending"), readPending),
    cancelPending: async (id) =>
      answer(await call(`/addresses/pending/${id}`, { method: "DELETE", headers: fromOurPage }), () => undefined),
    addressUndo: async (token) =>
      answer(await fetchJson(`/self-service/address-undo${queryOf({ token })}`), ({ json }) => readUndo(json)),
    undoAddress: async (token) => {
      const received = await post("/self-service/address-undo", [["token", token]]);
      const { location } = received.headers;
      if (received.status !== 303 || location === undefined) return refusalOf(received);
      return (await refusalAt(location, "settings")) ?? { ok: true, value: undefined, location };
    },
    resendPending: async (id) => {
      const received = await post(`/addresses/pending/${id}/resend`, []);
      const { location } = received.headers;
      if (received.status !== 303 || location === undefined) return refusalOf(received);
      const flow = new URL(location).searchParams.get("flow");
      return flow === null
        ? ((await refusalAt(location, "settings")) ?? refusalOf(received))
        : { ok: true, value: flow, location };
    },
    revokeOthers: async () =>
      answer(await call("/sessions", { method: "DELETE", headers: fromOurPage }), ({ json }) => Number(json.count)),
    signOut: async () => {
      const link = await fetchJson("/self-service/logout/browser");
      if (link.status !== 200) return refusalOf(link);
      return answer(await navigate(String(link.json.logout_url)), () => undefined);
    },
  };
};
