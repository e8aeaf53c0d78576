import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Challenge,
  type Client,
  type ClientOptions,
  createClient,
  createLogin,
  createRecovery,
  createRegistration,
  createRestTransport,
  createSessions,
  createSettings,
  createVerification,
  type FormValues,
  formOf,
  inputOf,
  nodesOf,
  type Result,
  type WithForm,
} from "../../packages/client/src/index.ts";
import { createJar } from "../protocols/jar.ts";
import { lastMessageTo, wrongCode } from "../protocols/messages.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* @ostiary/client: the same flows, forms and failures over every protocol. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const must = <T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: object },
): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
};

const failureOf = (result: Result<unknown>) => {
  if (result.ok) throw new Error("it was accepted");
  return result.failure;
};

/** A session token in memory. */
const createTokens = () => {
  let token: string | undefined;
  return {
    get: () => token,
    set: (next: string | undefined) => {
      token = next;
    },
  };
};

/** `fetch` as a page of ours has it: with a browser's cookies. */
const browserFetch = (): typeof fetch => {
  const jar = createJar();
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    if (jar.header !== undefined) headers.set("cookie", jar.header);
    headers.set("origin", ui.origin);
    const answer = await fetch(input, { ...init, headers });
    jar.take(answer.headers.getSetCookie());
    return answer;
  };
};

type Connect = (url: string, over: typeof fetch) => Transport;

const native: readonly (readonly [string, Connect])[] = [
  ["REST", (baseUrl, over) => createRestTransport({ baseUrl, fetch: over })],
  ["Connect", (baseUrl, over) => createConnectTransport({ baseUrl, fetch: over })],
  ["Connect with JSON", (baseUrl, over) => createConnectTransport({ baseUrl, fetch: over, useBinaryFormat: false })],
  ["gRPC-Web", (baseUrl, over) => createGrpcWebTransport({ baseUrl, fetch: over })],
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
];

const inBrowsers = native.filter(([name]) => name === "REST" || name.startsWith("Connect"));

const ways: readonly (readonly [string, (more?: Partial<ClientOptions>) => Client])[] = [
  ...native.map(
    ([name, connect]) =>
      [
        `an app over ${name}`,
        (more: Partial<ClientOptions> = {}) =>
          createClient({ transport: connect(server.url, fetch), tokens: createTokens(), ...more }),
      ] as const,
  ),
  ...inBrowsers.map(
    ([name, connect]) =>
      [
        `a browser over ${name}`,
        (more: Partial<ClientOptions> = {}) =>
          createClient({ transport: connect(server.url, browserFetch()), ...more }),
      ] as const,
  ),
];

const signUp = async (client: Client, password = newPassword()) => {
  const registration = createRegistration(client);
  const flow = must(await registration.create());
  const email = newEmail();
  must(await registration.submit(flow, { method: "password", "traits.email": email, password }));
  return { email, password };
};

describe.each(ways)("%s", (_, enter) => {
  it("signs up, knows who it is, changes the profile as the form is typed", async () => {
    const client = enter();
    const { email } = await signUp(client);
    const session = must(await createSessions(client).whoAmI());
    expect(session.identity?.traits).toMatchObject({ email });

    const settings = createSettings(client);
    const flow = must(await settings.create());
    expect(inputOf(formOf(flow), "traits.email")).toMatchObject({ kind: "input", type: "email", value: email });
    const saved = must(
      await settings.submit(flow, { method: "profile", "traits.email": email, "traits.name.first": "Ann" }),
    );
    expect(saved.flow?.identity?.traits).toMatchObject({ email, name: { first: "Ann" } });
    const read = must(await settings.get(flow.id));
    expect(inputOf(formOf(read), "traits.name.first")?.value).toBe("Ann");
  });

  it("is told what is wrong with a form, by its nodes", async () => {
    const client = enter();
    await signUp(client);
    const settings = createSettings(client);
    const flow = must(await settings.create());
    const refused = await settings.update(flow, { case: "password", value: { password: "short" } });
    if (refused.ok || refused.failure.reason !== "form_rejected") throw new Error("it should have been rejected");
    expect(refused.failure.messages).toEqual([
      { node: "password", text: expect.objectContaining({ id: 4000032, type: "error" }) },
    ]);
    const form = formOf(refused.flow ?? flow);
    expect(inputOf(form, "password")?.messages).toEqual([expect.objectContaining({ id: 4000032 })]);
    expect(nodesOf(form, "password").map(({ group }) => group)).toEqual(["default", "password", "password"]);
  });

  it("is let in again by one callback, after which the call is made once more", async () => {
    const challenges: Challenge[] = [];
    let password = newPassword();
    let email = "";
    const client: Client = enter({
      authenticate: async (challenge) => {
        challenges.push(challenge);
        const login = createLogin(client);
        const flow = must(await login.create({ refresh: true }));
        return (await login.submit(flow, { method: "password", identifier: email, password })).ok;
      },
    });
    ({ email } = await signUp(client, password));
    server.clock.advance(20 * 60_000);
    const settings = createSettings(client);
    const flow = must(await settings.create());
    const next = newPassword();
    const changed = must(await settings.update(flow, { case: "password", value: { password: next } }));
    expect(changed.flow?.state).toBe(2);
    expect(challenges).toEqual([
      expect.objectContaining({
        reason: "session_refresh_required",
        methods: ["password"],
        maxAge: 900,
        flowId: flow.id,
        nativeLoginUrl: expect.stringContaining("/self-service/login/api?refresh=true"),
      }),
    ]);
    password = next;
  });

  it("has the refusal when nobody authenticates, and resumes when somebody did", async () => {
    const client = enter();
    const { email, password } = await signUp(client);
    server.clock.advance(20 * 60_000);
    const settings = createSettings(client);
    const flow = must(await settings.create());
    const refused = await settings.update(flow, { case: "password", value: { password: newPassword() } });
    expect(failureOf(refused)).toMatchObject({ reason: "session_refresh_required", flowId: flow.id });
    const login = createLogin(client);
    const again = must(await login.create({ refresh: true }));
    must(await login.update(again, { case: "password", value: { identifier: email, password } }));
    expect(must(await settings.resume(flow.id)).flow?.state).toBe(2);
  });

  it("tells failures apart by their reason", async () => {
    const client = enter();
    expect(failureOf(await createSessions(client).whoAmI())).toMatchObject({
      reason: "session_inactive",
      id: "session_inactive",
    });
    await signUp(client);
    const settings = createSettings(client);
    const nothing = await settings.get("0198f2a4-6a1c-7c3e-9d2b-5f1a7c0e4b21");
    expect(failureOf(nothing)).toMatchObject({ reason: "flow_not_found" });
    const refusal = await settings.create({ returnTo: "https://elsewhere.example.net/" });
    expect(failureOf(refusal)).toMatchObject({ reason: "return_to_forbidden" });
    const flow = must(await settings.create());
    server.clock.advance(2 * 60 * 60_000);
    const late = await settings.update(flow, { case: "profile", value: { traits: {} } });
    expect(failureOf(late)).toMatchObject({
      reason: "flow_expired",
      expiredAt: expect.any(Date),
      useFlowId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it("lists and ends sessions, and signs out", async () => {
    const client = enter();
    await signUp(client);
    const sessions = createSessions(client);
    expect(must(await sessions.list())).toEqual({ sessions: [], nextPage: "" });
    expect(must(await sessions.revokeOthers())).toBe(0);
    const place = must(await sessions.signOut());
    if (client.kind === "browser") expect(place).toMatch(/\/self-service\/logout\?token=/);
    else expect(failureOf(await sessions.whoAmI())).toMatchObject({ reason: "session_inactive" });
  });
});

interface SomeFlows<F> {
  readonly create: () => Promise<Result<F>>;
  readonly get: (id: string) => Promise<Result<F>>;
  readonly submit: (flow: F, values: FormValues) => Promise<unknown>;
}

describe("recovery and verification", () => {
  beforeAll(() =>
    server.restart({
      selfservice: { flows: { recovery: { enabled: true }, verification: { enabled: true } } },
      feature_flags: { use_continue_with_transitions: true },
    }),
  );

  const begin = async <F extends WithForm & { readonly id: string }>(flows: SomeFlows<F>) => {
    const flow = must(await flows.create());
    expect(inputOf(formOf(flow), "email")).toMatchObject({ kind: "input", type: "email" });
    expect(must(await flows.get(flow.id)).id).toBe(flow.id);
    const refused = await flows.submit(flow, { method: "code", email: "no address" });
    expect(refused).toMatchObject({ ok: false, failure: { reason: "form_rejected" }, flow: { id: flow.id } });
  };

  it.each(ways)("begin, are read and say what is wrong: %s", async (_, enter) => {
    await begin(createRecovery(enter()));
    await begin(createVerification(enter()));
  });
});

describe("a recovery", () => {
  it.each(ways)("signs in whoever has the code of their mail, and leads to the settings: %s", async (_, enter) => {
    const { email } = await signUp(enter());
    const client = enter();
    const recovery = createRecovery(client);
    const flow = must(await recovery.create());
    // The mail of the sign-up is older.
    server.clock.advance(1_000);
    const sent = must(await recovery.submit(flow, { method: "code", email })).flow;
    if (sent === undefined) throw new Error("there is no flow");
    const { code } = await lastMessageTo(server, email);
    const done = must(await recovery.submit(sent, { method: "code", code }));
    expect(done.flow?.continueWith.map(({ next }) => next.case)).toContain("showSettingsUi");
    expect(must(await createSessions(client).whoAmI()).identity?.traits).toMatchObject({ email });
  });

  it.each(ways)("that was guessed at too often names the flow to go on with: %s", async (_, enter) => {
    const { email } = await signUp(enter());
    const recovery = createRecovery(enter());
    const flow = must(await recovery.create());
    // The mail of the sign-up is older.
    server.clock.advance(1_000);
    const sent = must(await recovery.submit(flow, { method: "code", email })).flow;
    if (sent === undefined) throw new Error("there is no flow");
    const { code } = await lastMessageTo(server, email);
    for (let n = 0; n < 5; n++) must(await recovery.submit(sent, { method: "code", code: wrongCode(code) }));
    const again = await recovery.submit(sent, { method: "code", code });
    expect(again.ok ? undefined : again.failure).toMatchObject({
      reason: "flow_replaced",
      useFlowId: expect.any(String),
    });
  });
});

it("what does not answer is a failure, too", async () => {
  const transport = createRestTransport({ baseUrl: "http://127.0.0.1:1" });
  const result = await createSessions(createClient({ transport })).whoAmI();
  expect(failureOf(result)).toMatchObject({ reason: "unreached" });
});
