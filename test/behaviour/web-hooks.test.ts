import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { hours } from "../protocols/clock.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { change, enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { answering, program, type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Other servers hear of what happens, may refuse it, and may change what is written. */

let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer();
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const hook = (config: Raw = {}) => ({
  hook: "web_hook",
  config: { url: `${receiver.url}/hook`, method: "POST", body: wholeContext, ...config },
});
const after = (flow: string, method: string, ...hooks: readonly object[]): Raw => ({
  selfservice: { flows: { [flow]: { after: { [method]: { hooks } } } } },
});
const refusing = (pointer: string, text = "not this one", type = "error") =>
  answering(403, {
    messages: [{ instance_ptr: pointer, messages: [{ id: 1234, text, type, context: { by: "the receiver" } }] }],
  });
const signUp = async (protocol: Protocol, email = newEmail(), beside = {}) => {
  const visitor = protocol.enter(server);
  const flow = accepted(await visitor.registration.create());
  const submission = { method: "password", password: newPassword(), traits: { email }, ...beside };
  return { visitor, flow: flow.id, email, answer: await visitor.registration.update(flow.id, submission) };
};
const rows = async (email: string) =>
  server.sql("SELECT id FROM identities WHERE JSON_EXTRACT(traits, '$.email') = ?", [email]);

describe("a web hook after a change", () => {
  beforeAll(() => server.restart(after("settings", "profile", hook({ headers: { "X-Own": "mine" } }))));

  it.each(protocols)("through $name hears of the flow, the request, the person and the session", async (protocol) => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    receiver.reset();
    const flow = accepted(await visitor.settings.create()).id;
    const traits = { email: person.email, name: { first: "Ada" } };
    accepted(await visitor.settings.update(flow, { method: "profile", traits, transient_payload: { campaign: "x" } }));
    const [received, ...more] = receiver.received;
    expect(more).toEqual([]);
    expect(received).toMatchObject({ method: "POST", path: "/hook" });
    expect(received?.headers).toMatchObject({ "content-type": "application/json", "x-own": "mine" });
    expect(received?.headers["ory-webhook-request-id"]).toMatch(/./);
    expect(received?.headers["ory-webhook-trigger-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(receiver.bodies()[0]).toMatchObject({
      flow: {
        id: flow,
        type: protocol.family === "browser" ? "browser" : "api",
        state: "success",
        transient_payload: { campaign: "x" },
      },
      request_method: "POST",
      request_url: expect.stringMatching(/^http:/),
      request_headers: { "Content-Type": [expect.any(String)] },
      identity: { id: person.id, traits: { name: { first: "Ada" } }, schema_id: "person" },
      session: { active: true, identity: { id: person.id } },
    });
  });

  it("is sent over one connection again and again", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    for (const first of ["Ada", "Bob", "Cid"])
      accepted(await change(visitor, { method: "profile", traits: { email: person.email, name: { first } } }));
    expect(new Set(receiver.received.map(({ port }) => port)).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers["ory-webhook-trigger-id"])).size).toBe(3);
  });

  it("gets no cookie of the server, no authorization and no anti-CSRF token, but other cookies", async () => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    visitor.credentials.jar?.set("theme", "dark");
    visitor.credentials.jar?.set("ory_kratos_continuity", "c");
    visitor.credentials.jar?.set("__Host-ostiary_known_device", "d");
    accepted(await change(visitor, { method: "profile", traits: { email: person.email } }));
    const [body] = receiver.bodies();
    expect(body?.request_cookies).toEqual({ theme: "dark" });
    const text = JSON.stringify(body);
    for (const name of visitor.credentials.jar?.names ?? []) if (name !== "theme") expect(text).not.toContain(name);
    expect(text).not.toMatch(/"(?:Cookie|Authorization|X-Session-Token)"/i);
    expect(body).toMatchObject({
      flow: {
        ui: {
          nodes: expect.arrayContaining([
            expect.objectContaining({ attributes: expect.objectContaining({ name: "csrf_token", value: "" }) }),
          ]),
        },
      },
    });
  });
});

it("a web hook gets neither the key of an authenticator app nor backup codes that the form shows", async () => {
  await server.restart({
    selfservice: {
      methods: { totp: { enabled: true }, lookup_secret: { enabled: true } },
      flows: { settings: { after: { profile: { hooks: [hook()] } } } },
    },
  });
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  const flow = accepted(await visitor.settings.create()).id;
  const begun = accepted(
    await visitor.settings.update(flow, { method: "lookup_secret", lookup_secret_regenerate: true }),
  );
  expect(JSON.stringify(begun)).toContain("lookup_secret_codes");
  receiver.reset();
  accepted(await visitor.settings.update(flow, { method: "profile", traits: { email: person.email } }));
  const text = JSON.stringify(receiver.bodies()[0]);
  expect(text).toContain("lookup_secret_");
  expect(text).not.toMatch(/lookup_secret_codes|totp_qr|totp_secret_key/);
});

describe("the headers of a request that receivers get", () => {
  it("are those that clients.web_hook.header_allowlist names, in any case", async () => {
    await server.restart({
      clients: { web_hook: { header_allowlist: ["x-tenant", "USER-AGENT"] } },
      ...after("settings", "profile", hook()),
    });
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const flow = accepted(await visitor.settings.create()).id;
    await fetch(`${server.url}/self-service/settings?flow=${flow}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-session-token": visitor.credentials.token ?? "",
        "x-tenant": "acme",
        "user-agent": "tests",
        "accept-language": "de",
      },
      body: JSON.stringify({ method: "profile", traits: { email: person.email } }),
    });
    expect(receiver.bodies()[0]?.request_headers).toEqual({ "X-Tenant": ["acme"], "User-Agent": ["tests"] });
  });
});

describe("how a receiver is asked", () => {
  const once = async (config: Raw) => {
    await server.restart(after("settings", "profile", hook(config)));
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    receiver.reset();
    return { visitor, person, change: () => change(visitor, { method: "profile", traits: { email: person.email } }) };
  };

  it("with basic auth", async () => {
    const auth = { type: "basic_auth", config: { user: "ann", password: "p:w" } };
    accepted(await (await once({ auth })).change());
    expect(receiver.received[0]?.headers.authorization).toBe(`Basic ${Buffer.from("ann:p:w").toString("base64")}`);
  });

  it.each(["header", "cookie"])("with an API key in a %s", async (place) => {
    const auth = { type: "api_key", config: { name: "X-Key", value: "k1", in: place } };
    accepted(await (await once({ auth })).change());
    const [received] = receiver.received;
    expect(place === "header" ? received?.headers["x-key"] : received?.headers.cookie).toBe(
      place === "header" ? "k1" : "X-Key=k1",
    );
  });

  it("with a form, where the content type says so", async () => {
    const body = program("function(ctx) { email: ctx.identity.traits.email, n: 1, list: ['a', 'b'] }");
    const { change: submit, person } = await once({
      body,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    accepted(await submit());
    expect([...new URLSearchParams(receiver.received[0]?.body)]).toEqual([
      ["email", person.email],
      ["list", "a"],
      ["list", "b"],
      ["n", "1"],
    ]);
  });

  it("with fields of ctx, where there is no program", async () => {
    const fields = { "user.id": "ctx.identity.id", "user.mail": "ctx.identity.traits.email", gone: "ctx.flow.nothing" };
    const { change: submit, person } = await once({ body: undefined, fields });
    accepted(await submit());
    expect(receiver.bodies()).toEqual([{ user: { id: person.id, mail: person.email } }]);
  });

  it("by GET without a body", async () => {
    accepted(await (await once({ method: "GET", body: undefined })).change());
    expect(receiver.received).toMatchObject([{ method: "GET", body: "" }]);
  });

  it("not at all, where the program cancels it", async () => {
    const body = program("function(ctx) if ctx.identity.traits.email == '' then {} else error 'cancel'");
    accepted(await (await once({ body })).change());
    expect(receiver.received).toEqual([]);
  });
});

describe("a receiver that may interrupt", () => {
  beforeAll(() =>
    server.restart({
      selfservice: {
        flows: {
          settings: { after: { profile: { hooks: [hook({ can_interrupt: true })] } } },
          login: { after: { password: { hooks: [hook({ can_interrupt: true })] } } },
          registration: { after: { password: { hooks: [hook({ can_interrupt: true }), { hook: "session" }] } } },
        },
      },
    }),
  );

  it.each(protocols)(
    "through $name refuses a change with messages at the fields, and nothing is written",
    async (p) => {
      const { visitor, person } = await enterAsNewPerson(p, server);
      receiver.answer = refusing("#/traits/name/first");
      const flow = accepted(await visitor.settings.create()).id;
      const traits = { email: person.email, name: { first: "Ada" } };
      const { reason, texts } = refused(await visitor.settings.update(flow, { method: "profile", traits }));
      expect(reason).toBe("FORM_REJECTED");
      if (!p.isForm) expect(texts).toEqual([expect.objectContaining({ id: 1234, text: "not this one" })]);
      expect(accepted(await visitor.whoami()).traits).toEqual({ email: person.email, name: {} });
      receiver.answer = undefined;
      accepted(await visitor.settings.update(flow, { method: "profile", traits }));
      expect(accepted(await visitor.whoami()).traits).toMatchObject({ name: { first: "Ada" } });
    },
  );

  it.each(protocols)("through $name refuses a sign-up: there is no account", async (protocol) => {
    receiver.answer = refusing("#/traits/email");
    const { answer, email } = await signUp(protocol);
    expect(refused(answer).reason).toBe("FORM_REJECTED");
    expect(await rows(email)).toEqual([]);
  });

  it.each(protocols)("through $name refuses a sign-in: there is no session", async (protocol) => {
    const { person } = await enterAsNewPerson(protocol, server);
    const before = await server.sql("SELECT id FROM sessions");
    receiver.answer = refusing("#/");
    const visitor = protocol.enter(server);
    expect(refused(await signIn(visitor, person)).reason).toBe("FORM_REJECTED");
    expect(await server.sql("SELECT id FROM sessions")).toHaveLength(before.length);
    receiver.reset();
    accepted(await signIn(visitor, person));
    const session = accepted(await visitor.whoami());
    expect(receiver.bodies()[0]).toMatchObject({ session: { id: session.id }, identity: { id: person.id } });
  });

  it("puts a message for a field that the form lacks onto one of its own, and any type but error is info", async () => {
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.registration.create()).id;
    receiver.answer = refusing("#/coupon/code", "unknown coupon", "warning");
    const submission = { method: "password", password: newPassword(), traits: { email: newEmail() } };
    expect(refused(await visitor.registration.update(flow, submission)).texts).toEqual([
      expect.objectContaining({ text: "unknown coupon", type: "info" }),
    ]);
    const response = await fetch(`${server.url}/self-service/registration/flows?id=${flow}`);
    const { ui } = (await response.json()) as {
      ui: { nodes: { attributes: { name: string }; messages: { text: string }[] }[] };
    };
    expect(ui.nodes.find(({ attributes }) => attributes.name === "coupon.code")?.messages).toMatchObject([
      { text: "unknown coupon" },
    ]);
  });

  it("is asked again when a change that waited is resumed, with what the client sent for hooks", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    server.clock.advance(hours(1));
    receiver.reset();
    const flow = accepted(await visitor.settings.create()).id;
    const traits = { email: newEmail() };
    const submission = { method: "profile", traits, transient_payload: { note: "n" } };
    expect(refused(await visitor.settings.update(flow, submission)).reason).toBe("SESSION_REFRESH_REQUIRED");
    expect(receiver.received).toEqual([]);
    accepted(await signIn(visitor, person, { refresh: "true" }));
    receiver.reset();
    accepted(await visitor.resume(flow));
    expect(receiver.bodies()).toMatchObject([{ identity: { traits }, flow: { transient_payload: { note: "n" } } }]);
  });
});

describe("a web hook before a flow", () => {
  const kinds = ["login", "registration", "settings", "verification", "recovery"] as const;
  beforeAll(() =>
    server.restart({
      selfservice: {
        flows: Object.fromEntries(
          kinds.map((kind) => [
            kind,
            {
              ...((kind === "verification" || kind === "recovery") && { enabled: true }),
              before: { hooks: [hook({ can_interrupt: true })] },
            },
          ]),
        ),
      },
    }),
  );

  it.each(protocols)("through $name hears of the flow, and may refuse it", async (protocol) => {
    const { visitor: person } = await enterAsNewPerson(protocol, server);
    const stranger = protocol.enter(server);
    for (const kind of kinds) {
      const visitor = kind === "settings" ? person : stranger;
      receiver.reset();
      const flow = accepted(await visitor[kind].create());
      expect(receiver.bodies()).toMatchObject([{ flow: { id: flow.id } }]);
      expect(receiver.bodies()[0]).not.toHaveProperty("identity");
      receiver.answer = refusing("#/", "closed at night");
      expect(refused(await visitor[kind].create()).reason).toBe("FLOW_REFUSED");
    }
    receiver.reset();
  });

  it("is asked about a flow that takes the place of an expired one, too", async () => {
    for (const kind of ["verification", "recovery"] as const) {
      const visitor = nativeRest.enter(server);
      const { id } = accepted(await visitor[kind].create());
      server.clock.advance(hours(1));
      receiver.reset();
      const late = refused(await visitor[kind].update(id, { method: "code", email: newEmail() }));
      expect(receiver.bodies()).toMatchObject([{ flow: { id: late.useFlowId } }]);
      receiver.answer = refusing("#/", "closed at night");
      const again = refused(await visitor[kind].update(id, { method: "code", email: newEmail() }));
      expect(again.reason).toBe("FLOW_REFUSED");
      receiver.reset();
    }
  });
});

describe("a web hook whose answer is ignored", () => {
  beforeAll(() =>
    server.restart({
      ...after("registration", "password", { hook: "session" }, hook({ response: { ignore: true } })),
    }),
  );

  it.each(protocols)(
    "through $name is queued with the change and delivered once, with the session",
    async (protocol) => {
      const { answer, visitor } = await signUp(protocol);
      accepted(answer);
      const session = accepted(await visitor.whoami());
      await receiver.until(1);
      expect(receiver.bodies()).toMatchObject([{ session: { id: session.id }, flow: { state: "choose_method" } }]);
    },
  );

  it("is tried again when the receiver is down, with the same trigger id", async () => {
    receiver.answer = (_, response) =>
      void response.writeHead(receiver.received.length < 2 ? 503 : 200, { "retry-after": "1" }).end();
    accepted((await signUp(nativeRest)).answer);
    const failed = "kind = 'web_hook' AND attempts = 1 AND owner IS NULL";
    const wait = "run_at BETWEEN UTC_TIMESTAMP(3) AND UTC_TIMESTAMP(3) + INTERVAL 5 SECOND";
    await expect.poll(() => server.sql(`SELECT ${wait} AS soon FROM jobs WHERE ${failed}`)).toEqual([{ soon: 1 }]);
    await server.sql(`UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE ${failed}`);
    const received = await receiver.until(2);
    expect(new Set(received.map(({ headers }) => headers["ory-webhook-trigger-id"])).size).toBe(1);
  });

  it("is encrypted while it waits, and none is queued for a sign-up that fails", async () => {
    receiver.answer = (_, response) => void response.writeHead(503, { "retry-after": "3600" }).end();
    const email = newEmail();
    accepted((await signUp(nativeRest, email, { transient_payload: { note: "a secret note" } })).answer);
    await receiver.until(1);
    const jobs = await server.sql<{ payload: Buffer }>("SELECT payload FROM jobs WHERE kind = 'web_hook'");
    expect(jobs.length).toBeGreaterThan(0);
    expect(Buffer.concat(jobs.map(({ payload }) => payload)).toString("latin1")).not.toContain("a secret note");
    refused((await signUp(nativeRest, email)).answer);
    expect(await server.sql("SELECT id FROM jobs WHERE kind = 'web_hook'")).toHaveLength(jobs.length);
  });
});
