import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { merge, type Raw } from "../../src/config/tree.ts";
import { hours } from "../protocols/clock.ts";
import { enrolTotp, nextCode, stepUp, stepUpByTotp, withFactors } from "../protocols/factors.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { linkThrough, withCode } from "../protocols/linking.ts";
import { enterAsNewPerson, newEmail, type Person, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { browserProtocols, protocols } from "../protocols/protocols.ts";
import {
  away,
  comeBack,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { eventsOf, idBytes, linksOf } from "../protocols/rows.ts";
import { messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * What a provider tells of people at each sign-in (update_identity_on_login). Identifiers and addresses in it change at
 * the level of the account: they wait for the second factor of whoever has one.
 */

let server: TestServer;
let providers: Providers;
let others: Raw;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(server, { update_identity_on_login: "automatic" });
  const { oidc } = (providers.overrides.selfservice as { readonly methods: object }).methods as { oidc: object };
  others = {
    selfservice: { methods: { ...withFactors.selfservice.methods, oidc }, notices: { address: true } },
    session: { trusted_devices: { enabled: true } },
  };
  await server.restart(others);
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

/** Signs in through the provider as this account. */
const enterThrough = async (
  protocol: Protocol,
  account: { readonly sub: string } & JsonObject,
  visitor = protocol.enter(server),
): Promise<Visitor> => {
  const isNative = protocol.family === "native";
  const flow = accepted(await visitor.login.create(isNative ? withCode : {}));
  const location = away(await visitor.login.update(flow.id, { method: "oidc", provider: "globex" }));
  const back = await comeBack(await signInAt(providers.globex, location, account), isNative ? undefined : visitor);
  const { searchParams } = locationOf(back);
  if (isNative) accepted(await visitor.exchange(flow.exchangeCode ?? "", searchParams.get("code") ?? ""));
  return visitor;
};

/** Traits and addresses of a person, and which of these are proven. */
const known = async (identityId: string) => {
  const [row] = await server.sql<{ traits: string; addresses: string }>(
    "SELECT CAST(traits AS CHAR) AS traits, CAST(addresses AS CHAR) AS addresses FROM identities WHERE id = ?",
    [idBytes(identityId)],
  );
  const { email, name = {} } = JSON.parse(row?.traits ?? "{}") as { email: string; name?: JsonObject };
  const addresses = JSON.parse(row?.addresses ?? "{}") as Record<
    "verifiable" | "recovery",
    { value: string; verified?: boolean }[]
  >;
  return {
    email,
    name: name.first,
    verified: addresses.verifiable.filter(({ verified }) => verified).map(({ value }) => value),
    recovery: addresses.recovery.map(({ value }) => value),
  };
};

/** Whether it is recorded that an address was changed, and what was sent to the one before. */
const toldOf = async ({ id, email }: Person) => ({
  isRecorded: (await eventsOf(server, id)).includes("identifiers.changed done"),
  messages: (await messagesTo(server, email)).map(({ template }) => template),
});

/** A person with an account of the provider, and what that says of them from now on. */
const someone = async (protocol: Protocol) => {
  const { visitor, person } = await enterAsNewPerson(protocol, server, { name: { first: "Ann" } });
  const sub = randomUUID();
  await linkThrough(providers, protocol, visitor, "globex", sub);
  const email = newEmail();
  const account = { sub, email, email_verified: true, given_name: "Anna" };
  const before = { email: person.email, name: "Anna", verified: [], recovery: [person.email] };
  const after = { email, name: "Anna", verified: [email], recovery: [email] };
  return { visitor, person, account, before, after };
};
const someoneWithFactor = async (protocol: Protocol) => {
  const found = await someone(protocol);
  return { ...found, secret: await enrolTotp(found.visitor, server) };
};

/** Gives the account of the provider in a flow that is there already. */
const giveAccount = async (visitor: Visitor, flow: string, account: { readonly sub: string } & JsonObject) => {
  const location = away(await visitor.login.update(flow, { method: "oidc", provider: "globex" }));
  await comeBack(await signInAt(providers.globex, location, account), visitor);
};

describe.each(protocols)("through $name", (protocol) => {
  it("the first factor changes no address of whoever has a second one, which changes it", async () => {
    const { person, account, before, after, secret } = await someoneWithFactor(protocol);
    const visitor = await enterThrough(protocol, account);
    expect(await known(person.id)).toEqual(before);
    expect(await toldOf(person)).toEqual({ isRecorded: false, messages: [] });
    refused(await signIn(protocol.enter(server), { ...person, email: account.email }));
    refused(await stepUp(visitor, { method: "totp", totp_code: "000000" }));
    expect(await known(person.id)).toEqual(before);
    accepted(await stepUpByTotp(visitor, server, secret));
    expect(await known(person.id)).toEqual(after);
    expect(await toldOf(person)).toEqual({ isRecorded: true, messages: ["verifiable_address_changed"] });
    accepted(await visitor.whoami());
  });
});

describe.each([nativeRest, spa])("through $name", (protocol) => {
  it("that an address is proven waits as well", async () => {
    const { person, account, secret } = await someoneWithFactor(protocol);
    const visitor = await enterThrough(protocol, { ...account, email: person.email });
    expect((await known(person.id)).verified).toEqual([]);
    accepted(await stepUpByTotp(visitor, server, secret));
    expect((await known(person.id)).verified).toEqual([person.email]);
  });

  it("whoever has no second factor has all of it changed at once", async () => {
    const { person, account, after } = await someone(protocol);
    await enterThrough(protocol, account);
    expect(await known(person.id)).toEqual(after);
  });
});

describe.each(browserProtocols)("in a trusted browser, through $name", (protocol) => {
  it("no address is changed, and the browser goes on standing in for the session", async () => {
    const { person, account, before, secret } = await someoneWithFactor(protocol);
    const browser = protocol.enter(server);
    await signIn(browser, person);
    accepted(await stepUp(browser, { method: "totp", totp_code: nextCode(server, secret), trust_device: true }));
    accepted(await browser.signOut());
    await enterThrough(protocol, account, browser);
    expect(accepted(await browser.whoami()).methods).toEqual(["oidc", "trusted_device"]);
    expect(await known(person.id)).toEqual(before);
    // Nor by authenticating again in that session.
    await giveAccount(browser, accepted(await browser.login.create({ refresh: "true" })).id, account);
    expect(accepted(await browser.whoami()).methods).toEqual(["oidc", "trusted_device", "oidc"]);
    expect(await known(person.id)).toEqual(before);
  });
});

describe("what waits for a second factor", () => {
  const [protocol] = protocols as unknown as readonly [Protocol];

  /** Meets the account of a person by signing up through the other provider with their address: a form to link it. */
  const meetOwner = async (visitor: Visitor, email: string) => {
    const { id } = accepted(await visitor.registration.create());
    const location = away(await visitor.registration.update(id, { method: "oidc", provider: "acme" }));
    const account = { sub: randomUUID(), email, email_verified: true };
    const back = await comeBack(await signInAt(providers.acme, location, account), visitor);
    const { id: form } = accepted(await visitor.login.get(locationOf(back).searchParams.get("flow") ?? ""));
    return { form, sub: account.sub };
  };
  it.each(["at once", "one after the other"])("is an account to link and an address, %s", async (order) => {
    const { person, account, before, after, secret } = await someoneWithFactor(spa);
    const visitor = spa.enter(server);
    const { form, sub } = await meetOwner(visitor, person.email);
    if (order === "at once") {
      await giveAccount(visitor, form, account);
    } else {
      await visitor.login.update(form, { method: "password", identifier: person.email, password: person.password });
      await giveAccount(visitor, accepted(await visitor.login.create({ refresh: "true" })).id, account);
    }
    expect(await known(person.id)).toEqual(before);
    expect(await linksOf(server, person.id)).toEqual([`globex:${account.sub}`]);
    accepted(await stepUpByTotp(visitor, server, secret));
    expect(await known(person.id)).toEqual(after);
    expect(await linksOf(server, person.id)).toEqual([`globex:${account.sub}`, `acme:${sub}`].sort());
  });

  it("is over in time", async () => {
    const { person, account, before, secret } = await someoneWithFactor(protocol);
    const visitor = await enterThrough(protocol, account);
    server.clock.advance(hours(2));
    accepted(await stepUpByTotp(visitor, server, secret));
    expect(await known(person.id)).toEqual(before);
  });

  it("keeps nobody from signing in once somebody else has the address", async () => {
    const { person, account, before, secret } = await someoneWithFactor(protocol);
    const visitor = await enterThrough(protocol, account);
    await enterAsNewPerson(protocol, server, { email: account.email });
    accepted(await stepUpByTotp(visitor, server, secret));
    expect(await known(person.id)).toEqual(before);
  });
});

describe("where accounts are hidden", () => {
  const [protocol] = protocols as unknown as readonly [Protocol];

  it("an address that the provider has not verified is taken over by nobody, whoever has it", async () => {
    const { person: taken } = await enterAsNewPerson(protocol, server);
    const people = [await someone(protocol), await someone(protocol)];
    await server.restart(merge(others, { security: { account_enumeration: { mitigate: true } } }));
    try {
      for (const [at, { person, account, before }] of people.entries()) {
        const email = at === 0 ? taken.email : newEmail();
        await enterThrough(protocol, { ...account, email, email_verified: false });
        expect(await known(person.id)).toEqual(before);
      }
    } finally {
      await server.restart(others);
    }
  });

  it("one that it has verified is", async () => {
    const { person, account, after } = await someone(protocol);
    await server.restart(merge(others, { security: { account_enumeration: { mitigate: true } } }));
    try {
      await enterThrough(protocol, account);
      expect(await known(person.id)).toEqual(after);
    } finally {
      await server.restart(others);
    }
  });
});
