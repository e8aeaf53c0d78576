import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* One sign-up that causes messages to several addresses counts as so many for the network. */

const via = { via: "email" };
const address = { type: "string", format: "email" };
const schema = {
  type: "object",
  properties: {
    traits: {
      type: "object",
      properties: {
        email: { ...address, "ory.sh/kratos": { credentials: { password: { identifier: true } }, verification: via } },
        second: { ...address, "ory.sh/kratos": { verification: via } },
        about: { type: "string" },
        others: { type: "array", items: { ...address, "ory.sh/kratos": { verification: via } } },
        third: { ...address, "ory.sh/kratos": { verification: via } },
      },
      required: ["email"],
    },
  },
};
const PER_NETWORK = 4;
const configured = {
  identity: {
    schemas: [{ id: "person", url: `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}` }],
  },
  selfservice: { flows: { verification: { enabled: true } } },
  security: { account_enumeration: { mitigate: true } },
  limits: { messages: { per_network: PER_NETWORK, window: "1h" } },
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: configured });
});
afterAll(() => server?.stop());

const signUp = async (visitor: Visitor, traits: Readonly<Record<string, string | readonly string[]>>) => {
  const { id } = accepted(await visitor.registration.create());
  return visitor.registration.update(id, { method: "password", password: newPassword(), traits: traits as never });
};

describe.each(protocols)("through $name", (protocol) => {
  it("three addresses leave one of four messages, and a sign-up with two causes none", async () => {
    server.clock.advance(hours(1) + 1);
    const three = { email: newEmail(), second: newEmail(), third: newEmail() };
    refused(await signUp(protocol.enter(server), three));
    for (const each of Object.values(three)) expect(await messagesTo(server, each)).toHaveLength(1);
    const two = { email: newEmail(), second: newEmail() };
    expect(refused(await signUp(protocol.enter(server), two)).reason).toBe("RATE_LIMITED");
    for (const each of Object.values(two)) expect(await messagesTo(server, each)).toEqual([]);
    // What was refused counts for nothing.
    const one = { email: newEmail() };
    expect(refused(await signUp(protocol.enter(server), one)).reason).toBe("FORM_REJECTED");
    expect(await messagesTo(server, one.email)).toHaveLength(1);
    expect(refused(await signUp(protocol.enter(server), { email: newEmail() })).reason).toBe("RATE_LIMITED");
  });
});

it("a sign-up that a flow cannot hold until its codes come is refused by a message, and causes none", async () => {
  server.clock.advance(hours(1) + 1);
  const rows = async () => {
    const [row] = await server.sql<{ most: number }>(
      "SELECT MAX(LENGTH(form) + LENGTH(context) + LENGTH(request_url)) AS most FROM flows",
    );
    return Number(row?.most);
  };
  const email = newEmail();
  const others = Array.from({ length: 16 }, newEmail);
  for (const [traits, id] of [
    [{ email, about: "x".repeat(8_000) }, 4000017],
    [{ email, others }, 4000001],
  ] as const) {
    const visitor = nativeRest.enter(server);
    expect(refused(await signUp(visitor, traits))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "traits", id }],
    });
  }
  for (const each of [email, ...others]) expect(await messagesTo(server, each)).toEqual([]);
  refused(await signUp(nativeRest.enter(server), { email, about: "x".repeat(3_900) }));
  expect(await messagesTo(server, email)).toHaveLength(1);
  expect(await rows()).toBeLessThan(16_384);
});
