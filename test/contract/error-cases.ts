import { randomUUID } from "node:crypto";
import type { ErrorName } from "../../src/errors/table.ts";
import { hours } from "../protocols/clock.ts";
import type { DatabaseProxy } from "../protocols/database-proxy.ts";
import { failAt } from "../protocols/faults.ts";
import { type CallbackResult, send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, newPassword } from "../protocols/person.ts";
import { accepted, type Headers } from "../protocols/protocol.ts";
import type { TestServer } from "../protocols/server.ts";

/* How each row of the table of errors is reached, through REST and through Connect. */

/** A case through both protocols. */
export interface Case {
  readonly rest: () => Promise<CallbackResult>;
  readonly connect: () => Promise<CallbackResult>;
}

/** A row that no request reaches yet. */
export interface OutOfReach {
  readonly why: string;
}

const json = { accept: "application/json", "content-type": "application/json" };
const huge = "x".repeat(6 * 1024 * 1024);

/** Something is switched off or out of order. */
export const strict = {
  selfservice: {
    flows: { registration: { enabled: false } },
    methods: {
      profile: { enabled: false },
      password: {
        config: {
          haveibeenpwned_enabled: true,
          haveibeenpwned_host: "http://127.0.0.1:9",
          ignore_network_errors: false,
        },
      },
    },
  },
  limits: { login: { per_identifier: 1, per_network: 1_000 } },
};
/** There is too much to do. */
export const busy = { hashers: { argon2: { memory: "64MB", iterations: 4 }, concurrency: 1, queue: 0 } };

/** Rows that no request reaches yet. */
export const outOfReach = {
  AAL2_REQUIRED: { why: "no method is a second factor yet" },
  BROWSER_LOCATION_CHANGE_REQUIRED: {
    why: "no procedure throws it: REST answers it in place of a redirect, to programs that begin with a provider",
  },
  VERIFIED_ADDRESS_REQUIRED: {
    why: "no hook is configured here: test/behaviour/require-verified-address.test.ts reaches it",
  },
  STREAM_DISABLED: { why: "REST has no such RPC: test/behaviour/events/watch.test.ts reaches it" },
  RESUME_TOKEN_EXPIRED: { why: "REST has no such RPC: test/behaviour/events/watch.test.ts reaches it" },
  FLOW_REFUSED: { why: "no hook is configured here: test/behaviour/web-hooks.test.ts reaches it" },
  MERGE_REFUSED: { why: "no account is merged here: test/behaviour/account/merge.test.ts reaches it" },
  EXPORT_TOO_LARGE: { why: "an account with more than 8 MiB (test/behaviour/account/export.test.ts)" },
  UPSTREAM_TIMED_OUT: { why: "no hook is configured here: test/behaviour/web-hook-failures.test.ts reaches it" },
  IDENTITY_DISABLED: { why: "who signs in is told in the form, by message 4010011; a session of theirs is over" },
  ADMIN_ONLY: { why: "the public port has no route for RPCs of operators: they are not found there" },
  OPERATOR_UNKNOWN: { why: "test/behaviour/admin/lock.test.ts reaches it, with a lock of its own" },
  SCOPE_REQUIRED: { why: "test/behaviour/admin/lock.test.ts reaches it, with a lock of its own" },
} satisfies Partial<Record<ErrorName, OutOfReach>>;

/**
 * Creates the cases for a server and its way to the database. `prepare` signs someone up while everything is in
 * order.
 */
export const createErrorCases = (server: TestServer, proxy: DatabaseProxy) => {
  /* --- the two protocols ---------------------------------------------------------- */

  const rest = (method: string, path: string, headers: Headers = {}, body?: unknown): Promise<CallbackResult> =>
    send(`${server.url}${path}`, {
      method,
      headers: { ...json, ...headers },
      body: typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body),
    });
  const rpc = (name: string, headers: Headers = {}, message: unknown = {}): Promise<CallbackResult> => {
    const [kind = "", method = ""] = name.split(".");
    const service = `${kind.replace(/^./, (letter) => letter.toUpperCase())}Service`;
    return rest("POST", `/ostiary.${kind}.v1.${service}/${method}`, headers, message);
  };

  /* --- who calls -------------------------------------------------------------- */

  const native = async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    return {
      person,
      session: { "x-session-token": visitor.credentials.token },
      flow: accepted(await visitor.settings.create()).id,
    };
  };
  const stale = async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    server.clock.advance(hours(1));
    return {
      person,
      session: { "x-session-token": visitor.credentials.token },
      flow: accepted(await visitor.settings.create()).id,
    };
  };
  const browser = async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    return { cookie: visitor.credentials.jar?.header, flow: accepted(await visitor.settings.create()).id };
  };
  const loginFlow = async () => accepted(await nativeRest.enter(server).login.create()).id;

  const ofOperator = (path: string, headers: Headers, body: unknown): Promise<CallbackResult> =>
    send(`${server.adminUrl}${path}`, {
      method: "POST",
      headers: { ...json, ...headers },
      body: JSON.stringify(body),
    });
  const identityRpc = "/ostiary.identity.v1.IdentityAdminService/CreateIdentity";

  const password = () => ({ method: "password", password: newPassword() });
  const inMessage = (flow: string, body: object = { password: { password: newPassword() } }) => ({ flow, body });
  const changing = (flow: string) => `/self-service/settings?flow=${flow}`;

  /** A case through both protocols, made of one scene for each. */
  const both = <T>(
    scene: () => Promise<T>,
    viaRest: (it: T) => Promise<CallbackResult>,
    viaConnect: (it: T) => Promise<CallbackResult>,
  ): Case => ({
    rest: async () => viaRest(await scene()),
    connect: async () => viaConnect(await scene()),
  });
  const nobody = async () => ({});

  const usual = {
    INTERNAL: both(
      async () => ({ repair: await failAt(server, { table: "flows", event: "INSERT" }) }),
      async ({ repair }) => rest("GET", "/self-service/login/api").finally(repair),
      async ({ repair }) => rpc("login.CreateFlow", {}, { type: "FLOW_TYPE_API" }).finally(repair),
    ),
    NOT_LOCAL: both(
      nobody,
      () => ofOperator("/admin/identities", { origin: "https://evil.example.org" }, {}),
      () => ofOperator(identityRpc, { origin: "https://evil.example.org" }, {}),
    ),
    ALREADY_EXISTS: both(
      async () => ({ email: (await native()).person.email }),
      ({ email }) => ofOperator("/admin/identities", {}, { traits: { email } }),
      ({ email }) => ofOperator(identityRpc, {}, { traits: { email } }),
    ),
    SESSION_INACTIVE: both(
      nobody,
      () => rest("GET", "/self-service/settings/api"),
      () => rpc("settings.CreateFlow", {}, { type: "FLOW_TYPE_API" }),
    ),
    SESSION_ALREADY_AVAILABLE: both(
      native,
      ({ session }) => rest("GET", "/self-service/login/api", session),
      ({ session }) => rpc("login.CreateFlow", session, { type: "FLOW_TYPE_API" }),
    ),
    SESSION_REFRESH_REQUIRED: both(
      stale,
      ({ session, flow }) => rest("POST", changing(flow), session, password()),
      ({ session, flow }) => rpc("settings.UpdateFlow", session, inMessage(flow)),
    ),
    AAL1_REQUIRED: both(
      nobody,
      () => rest("GET", "/self-service/login/api?aal=aal2"),
      () => rpc("login.CreateFlow", {}, { type: "FLOW_TYPE_API", aal: "aal2" }),
    ),
    FORM_REJECTED: both(
      native,
      ({ session, flow }) => rest("POST", changing(flow), session, { method: "password", password: "short" }),
      ({ session, flow }) => rpc("settings.UpdateFlow", session, inMessage(flow, { password: { password: "short" } })),
    ),
    FLOW_REPLACED: both(
      async () => {
        const flow = accepted(await nativeRest.enter(server).verification.create()).id;
        const guess = () => rest("POST", `/self-service/verification?flow=${flow}`, {}, { method: "code", code: "1" });
        for (let n = 0; n < 5; n++) await guess();
        return { flow, guess };
      },
      ({ guess }) => guess(),
      ({ flow }) => rpc("verification.UpdateFlow", {}, inMessage(flow, { code: { code: "1" } })),
    ),
    FLOW_EXPIRED: both(
      async () => {
        const found = await native();
        server.clock.advance(hours(1));
        return found;
      },
      ({ session, flow }) => rest("POST", changing(flow), session, password()),
      ({ session, flow }) => rpc("settings.GetFlow", session, { id: flow }),
    ),
    FLOW_NOT_FOUND: both(
      native,
      ({ session }) => rest("GET", `/self-service/settings/flows?id=${randomUUID()}`, session),
      ({ session }) => rpc("settings.GetFlow", session, { id: randomUUID() }),
    ),
    IDENTITY_MISMATCH: both(
      async () => ({ session: (await native()).session, flow: (await native()).flow }),
      ({ session, flow }) => rest("POST", changing(flow), session, password()),
      ({ session, flow }) => rpc("settings.UpdateFlow", session, inMessage(flow)),
    ),
    CSRF_VIOLATION: both(
      browser,
      ({ cookie, flow }) => rest("POST", changing(flow), { cookie }, password()),
      ({ cookie, flow }) => rpc("settings.UpdateFlow", { cookie }, inMessage(flow)),
    ),
    UNTRUSTED_ORIGIN: both(
      browser,
      ({ cookie }) => rest("DELETE", "/sessions", { cookie, origin: "https://evil.example.org" }),
      ({ cookie }) => rpc("session.RevokeOtherSessions", { cookie, origin: "https://evil.example.org" }),
    ),
    RETURN_TO_FORBIDDEN: both(
      native,
      ({ session }) => rest("GET", "/self-service/settings/api?return_to=https://evil.example.org", session),
      ({ session }) =>
        rpc("settings.CreateFlow", session, { type: "FLOW_TYPE_API", returnTo: "https://evil.example.org" }),
    ),
    INVALID_FIELD: both(
      native,
      ({ session }) => rest("DELETE", "/sessions/nonsense", session),
      ({ session }) => rpc("session.RevokeSession", session, { id: "nonsense" }),
    ),
    MALFORMED_BODY: both(
      nobody,
      () => rest("DELETE", "/self-service/logout/api", {}, "{"),
      () => rpc("session.PerformNativeLogout", {}, "{"),
    ),
    BODY_TOO_LARGE: both(
      loginFlow,
      (flow) => rest("POST", `/self-service/login?flow=${flow}`, {}, { method: "password", identifier: huge }),
      (flow) => rpc("login.UpdateFlow", {}, inMessage(flow, { password: { identifier: huge } })),
    ),
    LOGOUT_TOKEN_MISMATCH: both(
      browser,
      ({ cookie }) => rest("GET", "/self-service/logout?token=nonsense", { cookie }),
      ({ cookie }) => rpc("session.UpdateLogoutFlow", { cookie }, { token: "nonsense" }),
    ),
    SESSION_TOKEN_UNKNOWN: both(
      nobody,
      () => rest("DELETE", "/self-service/logout/api", {}, { session_token: "ory_st_nonsense" }),
      () => rpc("session.PerformNativeLogout", {}, { sessionToken: "ory_st_nonsense" }),
    ),
    NOT_FOUND: both(
      nobody,
      () => rest("GET", "/schemas/nonsense"),
      () => rpc("schema.GetSchema", {}, { id: "nonsense" }),
    ),
    ETAG_MISMATCH: both(
      native,
      ({ session, flow }) => rest("POST", changing(flow), { ...session, "if-match": '"0"' }, password()),
      ({ session, flow }) =>
        rpc("settings.UpdateFlow", session, inMessage(flow, { password: { password: newPassword() }, etag: "0" })),
    ),
    SESSION_AMBIGUOUS: both(
      async () => ({ cookie: (await browser()).cookie, ...(await native()).session }),
      (headers) => rest("GET", "/sessions/whoami", headers),
      (headers) => rpc("session.WhoAmI", headers),
    ),
  } satisfies Partial<Record<ErrorName, Case>>;

  /** Those that need the configuration `strict`. The person signed up before. */
  let before: Awaited<ReturnType<typeof native>>;
  const guessed = async (): Promise<Headers> => {
    const flow = await loginFlow();
    const identifier = newEmail();
    await rest(
      "POST",
      `/self-service/login?flow=${flow}`,
      {},
      { method: "password", identifier, password: newPassword() },
    );
    return { flow, identifier };
  };
  const whenStrict = {
    FLOW_DISABLED: both(
      nobody,
      () => rest("GET", "/self-service/registration/api"),
      () => rpc("registration.CreateFlow", {}, { type: "FLOW_TYPE_API" }),
    ),
    METHOD_DISABLED: both(
      async () => before,
      ({ session, flow }) => rest("POST", changing(flow), session, { method: "profile", traits: {} }),
      ({ session, flow }) => rpc("settings.UpdateFlow", session, inMessage(flow, { profile: { traits: {} } })),
    ),
    RATE_LIMITED: both(
      guessed,
      ({ flow, identifier }) =>
        rest(
          "POST",
          `/self-service/login?flow=${flow}`,
          {},
          { method: "password", identifier, password: newPassword() },
        ),
      ({ flow, identifier }) =>
        rpc("login.UpdateFlow", {}, inMessage(flow ?? "", { password: { identifier, password: newPassword() } })),
    ),
    UPSTREAM_FAILED: both(
      async () => before,
      ({ session, flow }) => rest("POST", changing(flow), session, password()),
      ({ session, flow }) => rpc("settings.UpdateFlow", session, inMessage(flow)),
    ),
  } satisfies Partial<Record<ErrorName, Case>>;

  /** Three at once, where there is room for one: an answer to one that was turned away. */
  const turnedAway = async (submit: (flow: string) => Promise<CallbackResult>): Promise<CallbackResult> => {
    const flows = await Promise.all([loginFlow(), loginFlow(), loginFlow()]);
    const answers = await Promise.all(flows.map(submit));
    const away = answers.find(({ headers }) => headers["retry-after"] !== undefined);
    if (away === undefined) throw new Error("nobody was turned away");
    return away;
  };
  const guess = () => ({ identifier: newEmail(), password: newPassword() });
  const whenBusy = {
    OVERLOADED: {
      rest: () =>
        turnedAway((flow) => rest("POST", `/self-service/login?flow=${flow}`, {}, { method: "password", ...guess() })),
      connect: () => turnedAway((flow) => rpc("login.UpdateFlow", {}, inMessage(flow, { password: guess() }))),
    },
  } satisfies Partial<Record<ErrorName, Case>>;

  const whenCut = {
    UNAVAILABLE: both(
      nobody,
      () => rest("GET", "/self-service/login/api"),
      () => rpc("login.CreateFlow", {}, { type: "FLOW_TYPE_API" }),
    ),
  } satisfies Partial<Record<ErrorName, Case>>;

  /** The answer to the next COMMIT never comes. */
  const losing = async () => {
    const found = await native();
    proxy.cutAfter("COMMIT");
    return found;
  };
  const whenLost = {
    OUTCOME_UNKNOWN: both(
      losing,
      ({ session, flow }) => rest("POST", changing(flow), session, password()),
      ({ session, flow }) => rpc("settings.UpdateFlow", session, inMessage(flow)),
    ),
  } satisfies Partial<Record<ErrorName, Case>>;

  return {
    usual,
    whenStrict,
    whenBusy,
    whenLost,
    whenCut,
    perform: async () => {
      before = await native();
    },
  };
};
