import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { hours } from "../protocols/clock.ts";
import { freePort } from "../protocols/free-port.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAsNewPerson, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { answering, program, type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Receivers that are down, slow, redirect, answer garbage or too much (docs/hooks.md says what happens then). */

let server: TestServer;
let receiver: Receiver;
let down: string;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer();
  down = `http://127.0.0.1:${await freePort()}`;
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const hook = (config: Raw = {}) => ({
  hook: "web_hook",
  config: { url: `${receiver.url}/hook?key=a-secret-of-the-url`, method: "POST", body: wholeContext, ...config },
});
const quick = { clients: { web_hook: { timeout: "1s" } } };
const everywhere = (config: Raw, when: "before" | "after"): Raw => ({
  ...quick,
  selfservice: {
    flows: Object.fromEntries(
      (["login", "registration", "settings"] as const).map((kind) => [
        kind,
        when === "before"
          ? { before: { hooks: [hook(config)] } }
          : {
              after: {
                [kind === "settings" ? "profile" : "password"]: {
                  hooks: [hook(config), ...(kind === "registration" ? [{ hook: "session" }] : [])],
                },
              },
            },
      ]),
    ),
  },
});
const submission = (email: string) => ({ method: "password", password: newPassword(), traits: { email } });
const count = async (table: string): Promise<number> => (await server.sql(`SELECT 1 FROM ${table}`)).length;

/** What a receiver does wrong, and with which reason the request ends. */
const failures: readonly (readonly [name: string, reason: string, answer: NonNullable<Receiver["answer"]>])[] = [
  ["is slow", "UPSTREAM_TIMED_OUT", () => undefined],
  ["sends its answer slowly", "UPSTREAM_TIMED_OUT", (_, response) => void response.writeHead(200).write("{")],
  ["answers 500", "UPSTREAM_FAILED", answering(500, {})],
  ["answers 404 without messages", "UPSTREAM_FAILED", answering(404, { error: "no" })],
  ["answers 400 with an empty list", "UPSTREAM_FAILED", answering(400, { messages: [] })],
  ["answers 400 with messages of another form", "UPSTREAM_FAILED", answering(400, { messages: [{ messages: [{}] }] })],
  [
    "redirects",
    "UPSTREAM_FAILED",
    (_, response) => void response.writeHead(307, { location: `${receiver.url}/else` }).end(),
  ],
  ["answers garbage", "UPSTREAM_FAILED", (_, response) => void response.writeHead(200).end("<html>")],
  ["answers an identity that is none", "UPSTREAM_FAILED", answering(200, { identity: [] })],
  ["answers traits that are none", "UPSTREAM_FAILED", answering(200, { identity: { traits: "x" } })],
  [
    "answers more than 5 MiB",
    "UPSTREAM_FAILED",
    (_, response) => void response.writeHead(200).end(`{"identity":"${"x".repeat(5 * 1024 * 1024)}"}`),
  ],
  ["hangs up", "UPSTREAM_FAILED", (_, response) => void response.destroy()],
];

describe("a receiver that is asked before a change is written", () => {
  beforeAll(() => server.restart(everywhere({ response: { parse: true }, can_interrupt: true }, "after")));

  it.each(failures)(
    "and %s: nothing is written, the answer is %s, and only the log says more",
    async (_, reason, answer) => {
      const { visitor, person } = await enterAsNewPerson(nativeRest, server);
      const [people, sessions] = [await count("identities"), await count("sessions")];
      const flow = accepted(await visitor.settings.create()).id;
      const stranger = nativeRest.enter(server);
      const signingUp = accepted(await stranger.registration.create()).id;
      receiver.answer = answer;
      const traits = { email: person.email, name: { first: "Ada" } };
      const answers = await Promise.all([
        visitor.settings.update(flow, { method: "profile", traits }),
        stranger.registration.update(signingUp, submission(newEmail())),
        signIn(nativeRest.enter(server), person),
      ]);
      expect(answers.map((each) => refused(each).reason)).toEqual([reason, reason, reason]);
      expect([await count("identities"), await count("sessions")]).toEqual([people, sessions]);
      expect(accepted(await visitor.whoami()).traits).toMatchObject({ email: person.email, name: {} });
      expect(receiver.received.map(({ path }) => path)).not.toContain("/else");
      expect(server.logged.join("\n")).toContain("a web hook failed");
      expect(server.logged.join("\n")).not.toContain("a-secret-of-the-url");
      receiver.reset();
      accepted(await visitor.settings.update(flow, { method: "profile", traits }));
      accepted(await stranger.registration.update(signingUp, submission(newEmail())));
    },
  );

  it("and is slow, has the same reason through every protocol", async () => {
    const people = await Promise.all(
      protocols.map(async (protocol) => ({ protocol, ...(await enterAsNewPerson(protocol, server)) })),
    );
    server.clock.advance(hours(1));
    const changes = await Promise.all(
      people.map(async ({ protocol, visitor, person }) => {
        const [flow, traits] = [accepted(await visitor.settings.create()).id, { email: newEmail() }];
        refused(await visitor.settings.update(flow, { method: "profile", traits }));
        accepted(await signIn(visitor, person, { refresh: "true" }));
        return { protocol, visitor, flow, traits };
      }),
    );
    receiver.answer = () => undefined;
    // Beside each other, as each waits for as long as an answer may take.
    const resumed = await Promise.all(
      changes.map(async ({ protocol, visitor, flow }) => [protocol.name, refused(await visitor.resume(flow)).reason]),
    );
    expect(resumed).toEqual(protocols.map(({ name }) => [name, "UPSTREAM_TIMED_OUT"]));
    receiver.reset();
    for (const { visitor, flow, traits } of changes) {
      accepted(await visitor.resume(flow));
      expect(accepted(await visitor.whoami()).traits).toMatchObject(traits);
    }
  });
});

describe("a receiver that is down", () => {
  let person: Person;
  beforeAll(async () => {
    await server.restart();
    ({ person } = await enterAsNewPerson(nativeRest, server));
    await server.restart(everywhere({ url: down, can_interrupt: true }, "after"));
  });

  it.each(protocols)("keeps people from signing up and in through $name, where it may interrupt", async (protocol) => {
    const visitor = protocol.enter(server);
    expect(refused(await signIn(visitor, person)).reason).toBe("UPSTREAM_FAILED");
    const { id } = accepted(await visitor.registration.create());
    const email = newEmail();
    expect(refused(await visitor.registration.update(id, submission(email))).reason).toBe("UPSTREAM_FAILED");
    expect(await server.sql("SELECT 1 FROM identities WHERE JSON_EXTRACT(traits, '$.email') = ?", [email])).toEqual([]);
  });

  it("undoes nothing where it is told afterwards: the answer is a failure, and the change is there", async () => {
    await server.restart();
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    await server.restart(everywhere({ url: down }, "after"));
    const traits = { email: person.email, name: { first: "Ada" } };
    expect(refused(await change(visitor, { method: "profile", traits })).reason).toBe("UPSTREAM_FAILED");
    expect(accepted(await visitor.whoami()).traits).toEqual(traits);
  });

  it("keeps nobody from anything where its answer is ignored, and hears of it once it is up", async () => {
    await server.restart(everywhere({ url: `${down}/late`, response: { ignore: true } }, "after"));
    const email = newEmail();
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.registration.create()).id;
    accepted(await visitor.registration.update(flow, submission(email)));
    await expect
      .poll(() => server.sql("SELECT 1 FROM jobs WHERE kind = 'web_hook' AND attempts > 0"), { timeout: 10_000 })
      .toHaveLength(1);
    const late = await startReceiver(Number(new URL(down).port));
    await server.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE kind = 'web_hook'");
    await late.until(1);
    expect(late.bodies()).toMatchObject([{ identity: { traits: { email } } }]);
    await expect.poll(() => server.sql("SELECT 1 FROM jobs WHERE kind = 'web_hook'")).toEqual([]);
    await late.close();
  });
});

describe("a program of the body, where the answer is ignored,", () => {
  const queuedWith = async (body: string) => {
    await server.restart(everywhere({ body: program(body), response: { ignore: true } }, "after"));
    const { person } = await enterAsNewPerson(nativeRest, server);
    const rows = async () => {
      const found = await server.sql<{ attempts: number; last_error: string; parked: number }>(
        `SELECT attempts, last_error, parked_at IS NOT NULL AS parked FROM jobs
          WHERE kind = 'web_hook' AND identity_id = ? AND owner IS NULL AND attempts > 0`,
        [idBytes(person.id)],
      );
      return found.map(({ attempts, last_error, parked }) => [attempts, last_error, Number(parked) === 1]);
    };
    return { rows, forget: () => server.sql("DELETE FROM jobs WHERE kind = 'web_hook'") };
  };

  it.each([
    ["takes too long", "local f(n) = if n < 2 then n else f(n - 1) + f(n - 2); function(ctx) { n: f(60) }", /longer/],
    ["takes too much memory", "function(ctx) { n: std.makeArray(10000000, function(i) i) }", /memory/],
  ])("and %s for now, is called again later", async (_, body, reason) => {
    const { forget, rows } = await queuedWith(body);
    await expect.poll(rows, { timeout: 10_000 }).toEqual([[1, expect.stringMatching(reason), false]]);
    expect(receiver.received).toEqual([]);
    await forget();
  });

  it("and is wrong, is not called again", async () => {
    const { forget, rows } = await queuedWith("function(ctx) ctx.what_is_not_there");
    await expect.poll(rows, { timeout: 10_000 }).toEqual([[1, expect.stringMatching(/no such field/), true]]);
    await forget();
  });
});

describe("a receiver that is asked before a flow", () => {
  beforeAll(() => server.restart(everywhere({}, "before")));

  it.each(failures.slice(0, 3))("and %s: there is no flow", async (_, reason, answer) => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const stranger = nativeRest.enter(server);
    const flows = await count("flows");
    receiver.answer = answer;
    const answers = await Promise.all([
      visitor.settings.create(),
      stranger.login.create(),
      stranger.registration.create(),
    ]);
    expect(answers.map((each) => refused(each).reason)).toEqual([reason, reason, reason]);
    expect(await count("flows")).toBe(flows);
  });

  it("is asked as well for the flow that takes the place of one that is over", async () => {
    await server.restart(everywhere({ can_interrupt: true }, "before"));
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const stranger = nativeRest.enter(server);
    const [changing, signingIn, signingUp] = [
      accepted(await visitor.settings.create()).id,
      accepted(await stranger.login.create()).id,
      accepted(await stranger.registration.create()).id,
    ];
    server.clock.advance(hours(2));
    const again = async () => [
      refused(await visitor.settings.update(changing, { method: "profile", traits: { email: person.email } })).reason,
      refused(await stranger.login.update(signingIn, { method: "password", identifier: "x", password: "y" })).reason,
      refused(await stranger.registration.update(signingUp, submission(newEmail()))).reason,
    ];
    receiver.answer = answering(400, { messages: [{ messages: [{ id: 1, text: "closed", type: "error" }] }] });
    expect(await again()).toEqual(["FLOW_REFUSED", "FLOW_REFUSED", "FLOW_REFUSED"]);
    receiver.reset();
    expect(await again()).toEqual(["FLOW_EXPIRED", "FLOW_EXPIRED", "FLOW_EXPIRED"]);
  });
});

describe("a program that fails", () => {
  it("lets nothing through where the receiver may interrupt", async () => {
    const body = program("function(ctx) ctx.identity.traits.nothing.at_all");
    await server.restart(everywhere({ body, can_interrupt: true }, "after"));
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.registration.create()).id;
    expect(refused(await visitor.registration.update(flow, submission(newEmail()))).reason).toBe("UPSTREAM_FAILED");
    expect(receiver.received).toEqual([]);
  });
});

describe("private networks", () => {
  const closed = { disallow_private_ip_ranges: true };

  it("are not asked where the configuration rules them out, but for exceptions", async () => {
    const config = everywhere({ can_interrupt: true }, "after");
    await server.restart({ ...config, clients: { ...(config.clients as Raw), http: closed } });
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.registration.create()).id;
    expect(refused(await visitor.registration.update(flow, submission(newEmail()))).reason).toBe("UPSTREAM_FAILED");
    expect(receiver.received).toEqual([]);
    const http = { ...closed, private_ip_exception_urls: [`${receiver.url}/*`] };
    await server.restart({ ...config, clients: { ...(config.clients as Raw), http } });
    accepted(await visitor.registration.update(flow, submission(newEmail())));
    expect(receiver.received).toHaveLength(1);
  });
});

describe("a web hook that is not configured rightly ends the start", () => {
  it.each([
    [{ url: "ftp://x" }, "config.url: is no http or https URL"],
    [{ method: "FETCH" }, "config.method: must be one of"],
    [{ body: undefined }, "config.body: is missing: POST sends one"],
    [{ body: program("function(ctx) {") }, "config.body: syntax error"],
    [{ body: program("function(ctx) std.nothing(ctx)") }, "config.body: std has no field nothing"],
    [{ body: "file:///nowhere/x.jsonnet" }, "config.body: cannot be read: ENOENT"],
    [{ body: undefined, fields: { a: "ctx.person.id" } }, 'config.fields["a"]: "ctx.person.id" names no member'],
    [{ response: { ignore: true, parse: true } }, "config.response.ignore: cannot be true where"],
    [{ response: { ignore: true }, can_interrupt: true }, "config.response.ignore: cannot be true where"],
    [{ auth: { type: "bearer" } }, "config.auth.type: must be basic_auth or api_key"],
    [{ auth: { type: "basic_auth", config: { user: "x" } } }, "config.auth.config.password: is missing"],
    [{ headers: { "a b": "c" } }, "config.headers.a b: is no name of a header"],
    [{ headers: { a: "b\r\nc: d" } }, "config.headers.a: is no text that a header may hold"],
    [{ colour: "red" }, "config.colour: is no key of a web_hook"],
  ])("%j", async (config, message) => {
    const hooks = [hook(config as Raw)];
    const starting = startServer({
      overrides: { selfservice: { flows: { login: { after: { hooks } } } } },
      beside: server,
    });
    await expect(starting).rejects.toThrow(`selfservice.flows.login.after.hooks[0].${message}`);
  });
});
