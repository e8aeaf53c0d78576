import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { hours } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { answering, type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { identitySchemaUrl, severalAddressesSchemaUrl } from "../protocols/schema.ts";
import { messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* What a receiver whose answer is parsed may change in the person who is written. */

let server: TestServer;
let receiver: Receiver;
const hook = (config: Raw = {}) => ({
  hook: "web_hook",
  config: { url: `${receiver.url}/hook`, method: "POST", body: wholeContext, ...config },
});
beforeAll(async () => {
  receiver = await startReceiver();
  const parsing = hook({ response: { parse: true } });
  server = await startServer({
    overrides: {
      identity: {
        default_schema_id: "person",
        schemas: [
          { id: "person", url: identitySchemaUrl },
          { id: "member", url: severalAddressesSchemaUrl },
        ],
      },
      selfservice: {
        flows: {
          verification: { enabled: true, after: { hooks: [parsing] } },
          settings: { after: { profile: { hooks: [parsing, hook({ url: `${receiver.url}/second` })] } } },
          login: { after: { password: { hooks: [parsing] } } },
          registration: { after: { password: { hooks: [parsing, { hook: "session" }] } } },
        },
      },
    },
  });
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const signUp = async (protocol: Protocol, email = newEmail()) => {
  const visitor = protocol.enter(server);
  const flow = accepted(await visitor.registration.create());
  const submission = { method: "password", password: newPassword(), traits: { email } };
  return { visitor, email, answer: await visitor.registration.update(flow.id, submission) };
};
const rows = async (email: string) =>
  server.sql("SELECT id FROM identities WHERE JSON_EXTRACT(traits, '$.email') = ?", [email]);
const COLUMNS = "state, schema_id, external_id, traits, metadata_public, metadata_admin, addresses";
const identityOf = async (email: string) => {
  const [row] = await server.sql<Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM identities WHERE JSON_EXTRACT(traits, '$.email') = ?`,
    [email],
  );
  const json = (value: unknown) => (typeof value === "string" && /^[[{]/.test(value) ? JSON.parse(value) : value);
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, json(value)]));
};
/** Answers the first hook, and lets all others pass. */
const telling =
  (identity: object): NonNullable<Receiver["answer"]> =>
  (received, response) =>
    received.path === "/hook" ? answering(200, { identity })(received, response) : void response.end();

describe("a receiver whose answer is parsed", () => {
  it.each(protocols)("through $name changes whom a sign-up writes", async (protocol) => {
    const email = newEmail();
    receiver.answer = answering(200, {
      identity: {
        traits: { email, name: { first: "Receiver" } },
        metadata_public: { plan: "gold" },
        metadata_admin: { risk: 3 },
        verifiable_addresses: [{ value: email.toUpperCase(), via: "email", verified: true }],
        recovery_addresses: [{ value: email, via: "email" }],
        external_id: `crm-${email}`,
        schema_id: "member",
      },
    });
    accepted((await signUp(protocol, email)).answer);
    expect(await identityOf(email)).toMatchObject({
      traits: { email, name: { first: "Receiver" } },
      metadata_public: { plan: "gold" },
      metadata_admin: { risk: 3 },
      external_id: `crm-${email}`,
      schema_id: "member",
      state: "active",
      addresses: {
        verifiable: [{ value: email, verified: true, status: "completed" }],
        recovery: [{ value: email, via: "email" }],
      },
    });
    expect(await messagesTo(server, email)).toEqual([]);
  });

  it.each(protocols)("through $name changes what a change writes, and later hooks see it", async (protocol) => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    receiver.reset();
    const traits = { email: person.email, name: { first: "Hook" } };
    receiver.answer = telling({ traits, external_id: person.id, schema_id: "member" });
    accepted(await change(visitor, { method: "profile", traits: { email: person.email } }));
    expect(accepted(await visitor.whoami()).traits).toEqual(traits);
    expect(receiver.received.map(({ path }) => path)).toEqual(["/hook", "/second"]);
    const changed = { traits, external_id: person.id, schema_id: "member" };
    expect(receiver.bodies()[1]).toMatchObject({ identity: changed });
    expect(await identityOf(person.email)).toMatchObject(changed);
  });

  it("changes what a sign-in writes", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    receiver.answer = answering(200, { identity: { metadata_public: { seen: 1 } } });
    await enterAs(nativeRest, server, person);
    expect(await identityOf(person.email)).toMatchObject({ metadata_public: { seen: 1 } });
  });

  it("is refused by the schema with messages in the form, and nothing is written", async () => {
    receiver.answer = answering(200, { identity: { traits: { email: "none" } } });
    const { answer, email } = await signUp(nativeRest);
    expect(refused(answer).texts).toEqual([expect.objectContaining({ id: 4000001 })]);
    expect(await rows(email)).toEqual([]);
  });

  it("cannot change an address in an old session without its owner signing in again", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    server.clock.advance(hours(1));
    const email = newEmail();
    receiver.answer = answering(200, { identity: { traits: { email } } });
    const flow = accepted(await visitor.settings.create()).id;
    const submission = { method: "profile", traits: { email: person.email, name: { first: "Xa" } } };
    expect(refused(await visitor.settings.update(flow, submission)).reason).toBe("SESSION_REFRESH_REQUIRED");
    expect(accepted(await visitor.whoami()).traits).toEqual({ email: person.email, name: {} });
    receiver.answer = undefined;
    accepted(await signIn(visitor, person, { refresh: "true" }));
    receiver.answer = answering(200, { identity: { traits: { email } } });
    accepted(await visitor.resume(flow));
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ email });
  });

  it.each([
    ["204", 204, ""],
    ["an empty object", 200, {}],
    ["an empty identity", 200, { identity: {} }],
    ["null", 200, { identity: null }],
  ])("changes nothing by %s", async (_, status, body) => {
    receiver.answer = (_, response) =>
      status === 204 ? void response.writeHead(204).end() : answering(status, body)({} as never, response);
    const { answer, email } = await signUp(nativeRest);
    accepted(answer);
    expect(await identityOf(email)).toMatchObject({ traits: { email }, metadata_public: null });
  });
});

describe("what a receiver says of the account", () => {
  it("disables whom a sign-up writes: there is no session, and nobody signs in", async () => {
    receiver.answer = telling({ state: "inactive" });
    const { answer, email, visitor } = await signUp(nativeRest);
    expect(accepted(answer).session).toBeUndefined();
    expect(await identityOf(email)).toMatchObject({ state: "inactive" });
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it.each(protocols)(
    "through $name disables whoever changes something: no session is good any more",
    async (protocol) => {
      const { visitor, person } = await enterAsNewPerson(protocol, server);
      receiver.answer = telling({ state: "inactive" });
      await change(visitor, { method: "profile", traits: { email: person.email, name: { first: "Ada" } } });
      expect(await identityOf(person.email)).toMatchObject({ state: "inactive", traits: { name: { first: "Ada" } } });
      expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
      receiver.reset();
      expect(refused(await signIn(nativeRest.enter(server), person)).reason).toBe("FORM_REJECTED");
      const events = await server.sql<{ type: string }>(
        "SELECT type FROM security_events WHERE identity_id = UNHEX(?) AND type = 'identity.disabled'",
        [person.id.replaceAll("-", "")],
      );
      expect(events).toHaveLength(1);
    },
  );

  it("takes an external id away by null or an empty text, and no other answer does", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const answered = async (identity: object) => {
      receiver.answer = telling(identity);
      accepted(await change(visitor, { method: "profile", traits: { email: person.email } }));
      return (await identityOf(person.email)).external_id;
    };
    expect(await answered({ external_id: person.id })).toBe(person.id);
    expect(await answered({ metadata_public: {}, state: "", schema_id: "", verifiable_addresses: [] })).toBe(person.id);
    expect(await answered({ external_id: "" })).toBeNull();
    expect(await answered({ external_id: person.id })).toBe(person.id);
    expect(await answered({ external_id: null })).toBeNull();
  });

  it("refuses an external id that somebody else has, in the form", async () => {
    const other = await enterAsNewPerson(nativeRest, server);
    receiver.answer = telling({ external_id: other.person.id });
    accepted(await change(other.visitor, { method: "profile", traits: { email: other.person.email } }));
    const { answer, email } = await signUp(nativeRest);
    expect(refused(answer).texts).toEqual([expect.objectContaining({ id: 4000007 })]);
    expect(await rows(email)).toEqual([]);
  });

  it("validates the traits by the schema that it names, also those that were submitted", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const phone = "+4915112345678";
    receiver.answer = telling({ traits: { email: person.email, phone }, schema_id: "member" });
    accepted(await change(visitor, { method: "profile", traits: { email: person.email } }));
    expect(await identityOf(person.email)).toMatchObject({
      schema_id: "member",
      traits: { phone },
      addresses: { recovery: expect.arrayContaining([expect.objectContaining({ value: phone, via: "sms" })]) },
    });
    receiver.answer = telling({ schema_id: "person" });
    const back = { method: "profile", traits: { email: person.email, phone } };
    expect(refused(await change(visitor, back)).reason).toBe("FORM_REJECTED");
    expect(await identityOf(person.email)).toMatchObject({ schema_id: "member", traits: { phone } });
  });

  it("says how far addresses are proven, and of those that the traits lack nothing", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const answered = async (...addresses: readonly object[]) => {
      receiver.answer = telling({ verifiable_addresses: addresses });
      accepted(await change(visitor, { method: "profile", traits: { email: person.email } }));
      return ((await identityOf(person.email)).addresses as { verifiable: object[] }).verifiable;
    };
    const mine = { via: "email", value: person.email };
    const verifiedAt = "2024-02-03T04:05:06.000Z";
    expect(await answered({ ...mine, verified: true, status: "completed", verified_at: verifiedAt })).toEqual([
      expect.objectContaining({ verified: true, status: "completed", verified_at: verifiedAt }),
    ]);
    expect(await answered({ via: "email", value: newEmail(), verified: true })).toEqual([
      expect.objectContaining({ ...mine, verified: true }),
    ]);
    const [address] = await answered({ ...mine, verified: false, status: "sent" });
    expect(address).toMatchObject({ verified: false, status: "sent" });
    expect(address).not.toHaveProperty("verified_at");
  });

  it("has an address proven that it put into the traits itself", async () => {
    const email = newEmail();
    receiver.answer = telling({ traits: { email } });
    const { answer, email: submitted } = await signUp(nativeRest);
    accepted(answer);
    expect(await messagesTo(server, submitted)).toEqual([]);
    expect(await messagesTo(server, email)).toMatchObject([{ template: "verification_code_valid" }]);
    expect(await identityOf(email)).toMatchObject({ addresses: { verifiable: [{ value: email, status: "sent" }] } });
  });

  it("says nothing of state, schema, external id and addresses after a sign-in", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const before = await identityOf(person.email);
    receiver.answer = telling({
      metadata_admin: { seen: 1 },
      state: "inactive",
      schema_id: "member",
      external_id: person.id,
      verifiable_addresses: [{ via: "email", value: person.email, verified: true }],
    });
    accepted(await (await enterAs(nativeRest, server, person)).whoami());
    expect(await identityOf(person.email)).toEqual({ ...before, metadata_admin: { seen: 1 } });
  });

  it.each([
    ["a state that is none", { state: "paused" }],
    ["a schema that is none", { schema_id: "nobody" }],
    ["an external id that is no text", { external_id: 7 }],
    ["an external id that is too long", { external_id: "x".repeat(256) }],
    ["addresses that are no list", { verifiable_addresses: {} }],
    ["an address without a value", { verifiable_addresses: [{ via: "email", verified: true }] }],
    ["an address with a status that is none", { verifiable_addresses: [{ via: "email", value: "a@b", status: "x" }] }],
    [
      "an address that is verified by a text",
      { verifiable_addresses: [{ via: "email", value: "a@b", verified: "y" }] },
    ],
    ["recovery addresses that are no list", { recovery_addresses: "a@b" }],
    ["a recovery address without a way", { recovery_addresses: [{ value: "a@b" }] }],
  ])("is an answer of another form where it names %s: nothing is written", async (_, identity) => {
    receiver.answer = telling(identity);
    const { answer, email } = await signUp(nativeRest);
    expect(refused(answer).reason).toBe("UPSTREAM_FAILED");
    expect(await rows(email)).toEqual([]);
  });
});
