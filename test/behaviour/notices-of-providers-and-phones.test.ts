import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { linkThrough } from "../protocols/linking.ts";
import { change, enterAsNewPerson, newPassword, newPhone } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { type Providers, showRealTime, startProviders } from "../protocols/providers.ts";
import { type Receiver, startReceiver } from "../protocols/receiver.ts";
import { codeSchemaUrl } from "../protocols/schema.ts";
import { messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Messages about linked accounts of providers, and those that go to phones. */

let server: TestServer;
let providers: Providers;
let texts: Receiver;
beforeAll(async () => {
  texts = await startReceiver();
  server = await startServer();
  const configured: Raw = {
    selfservice: { notices: { password: true, provider: true, factor: true, address: true } },
    identity: { schemas: [{ id: "person", url: codeSchemaUrl }] },
    courier: { channels: [{ id: "sms", request_config: { url: `${texts.url}/texts`, method: "POST" } }] },
    limits: { messages: { per_network: 10_000 } },
  };
  providers = await startProviders(server, {}, configured);
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await providers?.close();
  await texts?.close();
});

const told = async (recipient: string) =>
  (await messagesTo(server, recipient)).map(({ channel, template }) => `${channel} ${template}`).toSorted();

describe("an account of a provider", () => {
  it("is told of when it is linked and when it is unlinked, and not when that is refused", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    refused(await change(visitor, { method: "oidc", unlink: "acme" }));
    expect(await told(person.email)).toEqual([]);
    await linkThrough(providers, nativeRest, visitor, "acme", randomUUID());
    expect(await told(person.email)).toEqual(["email provider_linked"]);
    accepted(await change(visitor, { method: "oidc", unlink: "acme" }));
    expect(await told(person.email)).toEqual(["email provider_linked", "email provider_unlinked"]);
  });
});

describe("a phone number", () => {
  it("is told of changes by a text message, like an address by a mail", async () => {
    const phone = newPhone();
    const { person, visitor } = await enterAsNewPerson(nativeRest, server, { phone });
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    expect(await told(phone)).toEqual(["sms password_changed"]);
    expect(await told(person.email)).toEqual(["email password_changed"]);
    await expect.poll(() => texts.received.length, { timeout: 15_000 }).toBeGreaterThan(0);
    expect(JSON.stringify(texts.bodies())).toContain(phone);
  });

  it("that is given up hears that it was, and the new one hears nothing", async () => {
    const [before, after] = [newPhone(), newPhone()];
    const { person, visitor } = await enterAsNewPerson(nativeRest, server, { phone: before });
    accepted(await change(visitor, { method: "profile", traits: { email: person.email, phone: after } }));
    expect(await told(before)).toEqual(["sms verifiable_address_changed"]);
    expect(await told(after)).toEqual([]);
  });
});
