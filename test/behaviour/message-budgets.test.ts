import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours, minutes, seconds } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { messagesTo } from "../protocols/messages.ts";
import { change, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* How many messages one account and one network may cause by changes of settings, to a new address each time. */

const limited = (messages: Readonly<Record<string, number | string>>) => ({
  selfservice: { flows: { verification: { enabled: true } } },
  limits: { messages: { window: "10m", ...messages } },
});

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: limited({ per_identity: 3 }) });
});
afterAll(() => server?.stop());

const moveTo = (visitor: Visitor, email: string) => change(visitor, { method: "profile", traits: { email } });
const emailOf = async (visitor: Visitor) =>
  accepted(await visitor.settings.create()).nodes.find(({ name }) => name === "traits.email")?.value;

describe.each(protocols)("through $name", (protocol) => {
  it("after three new addresses a fourth has to wait, and neither the address nor a message is written", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const addresses = [newEmail(), newEmail(), newEmail()];
    for (const email of addresses) {
      accepted(await moveTo(visitor, email));
      expect(await messagesTo(server, email)).toHaveLength(1);
    }
    server.clock.advance(minutes(2));
    const late = newEmail();
    const refusal = refused(await moveTo(visitor, late));
    expect(refusal.reason).toBe("RATE_LIMITED");
    // The error page that browsers are sent to has no headers.
    if (!protocol.isForm) expect(refusal.retryAfter).toBe(8 * 60);
    expect(await messagesTo(server, late)).toEqual([]);
    expect(await emailOf(visitor)).toBe(addresses.at(-1));

    server.clock.advance(minutes(8) + seconds(1));
    accepted(await moveTo(visitor, late));
    expect(await messagesTo(server, late)).toHaveLength(1);
  });
});

it("what changes no address costs nothing of it", async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  for (let n = 0; n < 5; n++)
    accepted(
      await change(visitor, { method: "profile", traits: { email: person.email, name: { first: `Ada ${n}` } } }),
    );
});

it("another person of the same network has a budget of their own", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  for (let n = 0; n < 3; n++) accepted(await moveTo(visitor, newEmail()));
  expect(refused(await moveTo(visitor, newEmail())).reason).toBe("RATE_LIMITED");
  const { visitor: other } = await enterAsNewPerson(nativeRest, server);
  accepted(await moveTo(other, newEmail()));
});

it("all people of one network together cause so many, by signing up and by changing their address", async () => {
  const strict = await startServer({ overrides: limited({ per_network: 4 }), beside: server });
  try {
    // What the tests before have caused counts no more.
    server.clock.advance(hours(1));
    const { visitor } = await enterAsNewPerson(nativeRest, strict);
    const { visitor: other } = await enterAsNewPerson(nativeRest, strict);
    accepted(await moveTo(visitor, newEmail()));
    accepted(await moveTo(other, newEmail()));
    const late = newEmail();
    expect(refused(await moveTo(visitor, late)).reason).toBe("RATE_LIMITED");
    expect(await messagesTo(server, late)).toEqual([]);
    const signUp = nativeRest.enter(strict);
    const { id } = accepted(await signUp.registration.create());
    const traits = { email: newEmail() };
    const refusal = refused(
      await signUp.registration.update(id, { method: "password", password: "pass correct horse", traits }),
    );
    expect(refusal.reason).toBe("RATE_LIMITED");
    expect(refusal.retryAfter).toBeGreaterThan(0);
    expect(await messagesTo(server, traits.email)).toEqual([]);
  } finally {
    await strict.stop();
  }
});
