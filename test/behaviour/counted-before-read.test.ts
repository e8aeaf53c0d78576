import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spa } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { codeSchemaUrl } from "../protocols/schema.ts";
import { messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A request for messages that is refused has looked nobody up. */

let server: TestServer;
/** Where people sign up at once. */
let open: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      identity: { schemas: [{ id: "person", url: codeSchemaUrl }] },
      selfservice: {
        flows: { recovery: { enabled: true }, verification: { enabled: true } },
        methods: { code: { passwordless_enabled: true } },
      },
      security: { account_enumeration: { mitigate: true } },
      limits: { messages: { per_network: 2, per_address: 1_000 } },
    },
  });
  open = await startServer({ beside: server });
});
afterAll(async () => {
  await open?.stop();
  await server?.stop();
});

const ways: Readonly<Record<string, (visitor: Visitor, email: string) => Promise<() => Promise<unknown>>>> = {
  recovery: async (visitor, email) => {
    const { id } = accepted(await visitor.recovery.create());
    return () => visitor.recovery.update(id, { method: "code", email });
  },
  verification: async (visitor, email) => {
    const { id } = accepted(await visitor.verification.create());
    return () => visitor.verification.update(id, { method: "code", email });
  },
  "a sign-in with a code": async (visitor, email) => {
    const { id } = accepted(await visitor.login.create());
    return () => visitor.login.update(id, { method: "code", identifier: email });
  },
  "a sign-up with a code": async (visitor, email) => {
    const { id } = accepted(await visitor.registration.create());
    return () => visitor.registration.update(id, { method: "code", traits: { email } });
  },
};

/** Tables that say who somebody is, and whose session a call has. */
const LOOKS_UP = /FROM\s+(identit|session|pending_addresses|credential)/iu;

/** Uses the budget of the network up, and gives what is looked up by one request beyond it. */
const lookUpsBeyond = async (visitor: Visitor, email: string, way: keyof typeof ways): Promise<readonly string[]> => {
  const submit = await ways[way]?.(visitor, email);
  for (let n = 0; n < 2; n++) {
    const other = spa.enter(server);
    const { id } = accepted(await other.verification.create());
    await other.verification.update(id, { method: "code", email: newEmail() });
  }
  const before = server.gate.statements.length;
  const answer = (await submit?.()) as Parameters<typeof refused>[0];
  expect(refused(answer).reason).toBe("RATE_LIMITED");
  return server.gate.statements.slice(before).filter((statement) => LOOKS_UP.test(statement));
};

describe.each(protocols)("through $name", (protocol) => {
  it.each(Object.keys(ways))("%s beyond the budget of the network looks nobody up", async (way) => {
    expect(await lookUpsBeyond(protocol.enter(server), newEmail(), way)).toEqual([]);
  });
});

describe("in a browser that somebody signed in on", () => {
  it.each(["recovery", "verification"])("%s beyond the budget of the network looks nobody up either", async (way) => {
    server.clock.advance(3_601_000);
    const { person } = await enterAsNewPerson(spa, open);
    const visitor = await enterAs(spa, server, person);
    accepted(await visitor.signOut());
    expect(await lookUpsBeyond(visitor, person.email, way)).toEqual([]);
    expect((await messagesTo(server, person.email)).length).toBeLessThan(2);
  });
});
