import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { answering, type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* What hooks of the server and web hooks of one list find done, and not done yet (docs/hooks.md). */

let server: TestServer;
/** A node on which nobody signs in without a verified address. */
let strict: TestServer;
let receiver: Receiver;
const hook = (place: string, config: Raw = {}) => ({
  hook: "web_hook",
  config: { url: `${receiver.url}/${place}`, method: "POST", body: wholeContext, ...config },
});
const asks = { can_interrupt: true };
const [session, show, revokes] = ["session", "show_verification_ui", "revoke_active_sessions"].map((name) => ({
  hook: name,
}));

beforeAll(async () => {
  receiver = await startReceiver();
  const verification = { enabled: true };
  server = await startServer({
    overrides: {
      selfservice: {
        flows: {
          registration: { after: { password: { hooks: [session, show, hook("told"), hook("asked", asks)] } } },
          settings: {
            after: {
              password: { hooks: [revokes, hook("told"), hook("asked", asks)] },
              profile: { hooks: [show, hook("told"), hook("asked", asks)] },
            },
          },
          login: { after: { password: { hooks: [revokes, hook("told")] } } },
          verification,
        },
      },
    } as Raw,
  });
  strict = await startServer({
    overrides: {
      selfservice: {
        flows: {
          login: {
            after: { password: { hooks: [hook("before"), { hook: "require_verified_address" }, hook("behind")] } },
          },
          verification,
        },
      },
    },
    beside: server,
  });
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await strict?.stop();
  await server?.stop();
  await receiver?.close();
});

interface Found {
  readonly place: string;
  /** Whether the hook got a session. */
  readonly hasSession: boolean;
  /** Whether the person is there, and how many sessions of theirs are. */
  readonly isWritten: boolean;
  readonly live: number;
}
/** What each hook finds in the database while it is asked. */
const look = () => {
  const found: Found[] = [];
  receiver.answer = async ({ path, body }, response) => {
    const ctx = JSON.parse(body) as { readonly identity: { readonly id: string }; readonly session?: object | null };
    const id = idBytes(ctx.identity.id);
    const people = await server.sql("SELECT 1 FROM identities WHERE id = ?", [id]);
    const sessions = await server.sql("SELECT 1 FROM sessions WHERE identity_id = ? AND active = 1", [id]);
    found.push({
      place: path.slice(1),
      hasSession: Boolean(ctx.session),
      isWritten: people.length > 0,
      live: sessions.length,
    });
    response.writeHead(204).end();
  };
  return found;
};
const places = () => receiver.received.map(({ path }) => path.slice(1));
const no = answering(403, { messages: [{ messages: [{ id: 1, text: "no", type: "error" }] }] });
const signUp = async (visitor: Visitor, email: string) => {
  const { id } = accepted(await visitor.registration.create());
  return visitor.registration.update(id, { method: "password", password: newPassword(), traits: { email } });
};
const verify = ({ id }: Person) =>
  server.sql(
    `UPDATE identities SET version = version + 1, addresses = JSON_SET(addresses, '$.verifiable[0].verified',
      true, '$.verifiable[0].status', 'completed') WHERE id = ?`,
    [idBytes(id)],
  );
/** One more session of somebody, which ends none: on the node where signing in does not. */
const secondSession = async (person: Person): Promise<Visitor> => {
  await verify(person);
  return enterAs(nativeRest, strict, person);
};

// The order does not depend on the protocol: one of each kind.
const kinds = protocols.filter(({ name }) => ["native REST", "single-page app", "browser form", "gRPC"].includes(name));

describe.each(kinds)("through $name", (protocol) => {
  it("after a sign-up hooks that decide find nobody, those that are told find the session", async () => {
    const found = look();
    const visitor = protocol.enter(server);
    const { next } = accepted(await signUp(visitor, newEmail()));
    expect(found).toEqual([
      { place: "asked", hasSession: false, isWritten: false, live: 0 },
      { place: "told", hasSession: true, isWritten: true, live: 1 },
    ]);
    if (!protocol.isForm) expect(next?.map(({ action }) => action)).toContain("show_verification_ui");
    accepted(await visitor.whoami());
  });

  it("a sign-up that is refused makes nobody, and tells nobody else", async () => {
    receiver.answer = no;
    const email = newEmail();
    refused(await signUp(protocol.enter(server), email));
    expect(places()).toEqual(["asked"]);
    expect(await server.sql("SELECT 1 FROM identity_addresses WHERE value = ?", [email])).toEqual([]);
  });

  it("after a change what is asked finds the other sessions, what is told finds them ended", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const other = await secondSession(person);
    receiver.reset();
    const found = look();
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    expect(found).toEqual([
      { place: "asked", hasSession: true, isWritten: true, live: 2 },
      { place: "told", hasSession: true, isWritten: true, live: 1 },
    ]);
    expect(refused(await other.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("a change of an address is asked for and told of, and the client is led on all the same", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    receiver.reset();
    const { next } = accepted(await change(visitor, { method: "profile", traits: { email: newEmail() } }));
    expect(places()).toEqual(["asked", "told"]);
    if (!protocol.isForm) expect(next?.map(({ action }) => action)).toContain("show_verification_ui");
  });

  it("a sign-in is told before it begins, while the other sessions are there; then they end", async () => {
    const { person, visitor: otherDevice } = await enterAsNewPerson(protocol, server);
    receiver.reset();
    const found = look();
    accepted(await signIn(protocol.enter(server), person));
    expect(found).toEqual([{ place: "told", hasSession: true, isWritten: true, live: 1 }]);
    expect(refused(await otherDevice.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("a hook before require_verified_address is told of whoever it refuses, one behind it is not", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    receiver.reset();
    // A form is led to the page of the verification flow.
    await signIn(protocol.enter(strict), person);
    expect(places()).toEqual(["before"]);
    expect(await server.sql("SELECT 1 FROM sessions WHERE identity_id = ?", [idBytes(person.id)])).toHaveLength(1);
    await verify(person);
    accepted(await signIn(protocol.enter(strict), person));
    expect(places()).toEqual(["before", "before", "behind"]);
  });
});

it("a sign-in that a hook refuses ends no session", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  receiver.answer = (_, response) => void response.writeHead(500).end();
  expect(refused(await signIn(nativeRest.enter(server), person)).reason).toBe("UPSTREAM_FAILED");
  accepted(await visitor.whoami());
});
