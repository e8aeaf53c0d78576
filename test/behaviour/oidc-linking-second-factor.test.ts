import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { enrolTotp, nextCode, stepUp, stepUpByTotp, withFactors } from "../protocols/factors.ts";
import { withCode } from "../protocols/linking.ts";
import { enterAsNewPerson, type Person, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { browserProtocols, protocols } from "../protocols/protocols.ts";
import {
  away,
  comeBack,
  locationOf,
  type ProviderId,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { eventsOf, idBytes, linksOf } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * What a person signs in with changes by their second factor alone, where they have one: an account of a provider that
 * the linking login is to link waits for the second step.
 */

let server: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(server, { several_accounts: true });
  const { oidc } = (providers.overrides.selfservice as { readonly methods: object }).methods as { oidc: object };
  await server.restart({
    selfservice: { methods: { ...withFactors.selfservice.methods, oidc } },
    session: { trusted_devices: { enabled: true } },
  });
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

/** Signs up through a provider with the address of an account; gives the login form that this ends at. */
const meetOwner = async (
  protocol: Protocol,
  visitor: Visitor,
  { email }: Person,
  sub: string,
  provider: ProviderId = "globex",
): Promise<string> => {
  const isNative = protocol.family === "native";
  const flow = accepted(await visitor.registration.create(isNative ? withCode : {}));
  const location = away(await visitor.registration.update(flow.id, { method: "oidc", provider }));
  const account = { sub, email, email_verified: true, given_name: "Ann" };
  const back = await comeBack(await signInAt(providers[provider], location, account), isNative ? undefined : visitor);
  const { searchParams } = locationOf(back);
  if (!isNative) return accepted(await visitor.login.get(searchParams.get("flow") ?? "")).id;
  const answer = refused(await visitor.exchange(flow.exchangeCode ?? "", searchParams.get("code") ?? ""));
  return (answer as { readonly form?: { readonly id: string } }).form?.id ?? "";
};

/** A person with an authenticator app, at the login form that is to link an account of theirs. */
const meet = async (protocol: Protocol) => {
  const { visitor: owner, person } = await enterAsNewPerson(protocol, server);
  const secret = await enrolTotp(owner, server);
  const sub = randomUUID();
  const visitor = protocol.enter(server);
  const form = await meetOwner(protocol, visitor, person, sub);
  const giveFirst = () =>
    visitor.login.update(form, { method: "password", identifier: person.email, password: person.password });
  return { person, secret, sub, visitor, giveFirst };
};

describe.each(protocols)("through $name", (protocol) => {
  it("the first factor links nothing, and the second one links what waited", async () => {
    const { person, secret, sub, visitor, giveFirst } = await meet(protocol);
    await giveFirst();
    expect(await linksOf(server, person.id)).toEqual([]);
    expect(await eventsOf(server, person.id)).not.toContain("provider.linked done globex");
    expect(refused(await visitor.whoami()).reason).toBe("AAL2_REQUIRED");

    accepted(await stepUpByTotp(visitor, server, secret));
    expect(await linksOf(server, person.id)).toEqual([`globex:${sub}`]);
    expect(await eventsOf(server, person.id)).toContain("provider.linked done globex");
    expect(accepted(await visitor.whoami()).methods).toEqual(["password", "totp", "oidc"]);
  });

  it("a second link that is asked for before the second factor is refused, and the first one is not lost", async () => {
    const { person, secret, sub, visitor, giveFirst } = await meet(protocol);
    const form = await meetOwner(protocol, visitor, person, randomUUID(), "acme");
    await giveFirst();
    const { email: identifier, password } = person;
    const second = await visitor.login.update(form, { method: "password", identifier, password });
    // A browser form is sent on to where it wanted to go.
    if (protocol.name !== "browser form") expect(refused(second).reason).toBe("SESSION_ALREADY_AVAILABLE");
    expect(await linksOf(server, person.id)).toEqual([]);

    accepted(await stepUpByTotp(visitor, server, secret));
    expect(await linksOf(server, person.id)).toEqual([`globex:${sub}`]);
  });

  it("a wrong second factor links nothing, and once linked nothing waits any more", async () => {
    const { person, secret, sub, visitor, giveFirst } = await meet(protocol);
    await giveFirst();
    refused(await stepUp(visitor, { method: "totp", totp_code: "000000" }));
    expect(await linksOf(server, person.id)).toEqual([]);
    accepted(await stepUpByTotp(visitor, server, secret));
    const again = { method: "totp", totp_code: nextCode(server, secret) };
    accepted(await stepUp(visitor, again, { refresh: "true" }));
    expect(await linksOf(server, person.id)).toEqual([`globex:${sub}`]);
    expect((await eventsOf(server, person.id)).filter((event) => event.startsWith("provider.linked"))).toHaveLength(1);
  });

  it("another account of a provider that allows several is linked, with a name that its owner knows", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const subs = [randomUUID(), randomUUID()];
    for (const sub of subs) {
      const visitor = protocol.enter(server);
      const form = await meetOwner(protocol, visitor, person, sub);
      const { email: identifier, password } = person;
      accepted(await visitor.login.update(form, { method: "password", identifier, password }));
    }
    expect([...(await linksOf(server, person.id))].sort()).toEqual(subs.map((sub) => `globex:${sub}`).sort());
    const [row] = await server.sql<{ credentials: string }>(
      "SELECT CAST(credentials AS CHAR) AS credentials FROM identities WHERE id = ?",
      [idBytes(person.id)],
    );
    const names = String(row?.credentials).matchAll(/"account": ?"([^"]+)"/g);
    expect(Array.from(names, ([, name]) => name)).toEqual(subs.map(() => person.email));
  });
});

describe.each(browserProtocols)("in a trusted browser, through $name", (protocol) => {
  it("the second factor itself is asked for while an account waits to be linked", async () => {
    const { visitor: owner, person } = await enterAsNewPerson(protocol, server);
    const secret = await enrolTotp(owner, server);
    const browser = protocol.enter(server);
    await signIn(browser, person);
    accepted(await stepUp(browser, { method: "totp", totp_code: nextCode(server, secret), trust_device: true }));
    accepted(await browser.signOut());
    accepted(await signIn(browser, person));
    expect(accepted(await browser.whoami()).methods).toEqual(["password", "trusted_device"]);
    accepted(await browser.signOut());

    const sub = randomUUID();
    const form = await meetOwner(protocol, browser, person, sub);
    await browser.login.update(form, { method: "password", identifier: person.email, password: person.password });
    expect(await linksOf(server, person.id)).toEqual([]);
    expect(refused(await browser.whoami()).reason).toBe("AAL2_REQUIRED");
    accepted(await stepUpByTotp(browser, server, secret));
    expect(await linksOf(server, person.id)).toEqual([`globex:${sub}`]);
    expect(accepted(await browser.whoami()).methods).toEqual(["password", "totp", "oidc"]);
  });
});

describe.each(browserProtocols)("the trust in browsers, through $name", (protocol) => {
  it("ends with an account that is linked by signing in, but not in the browser that is trusted with it", async () => {
    const { visitor: owner, person } = await enterAsNewPerson(protocol, server);
    const secret = await enrolTotp(owner, server);
    const trusted = protocol.enter(server);
    await signIn(trusted, person);
    accepted(await stepUp(trusted, { method: "totp", totp_code: nextCode(server, secret), trust_device: true }));
    accepted(await trusted.signOut());

    const browser = protocol.enter(server);
    const { email: identifier, password } = person;
    const form = await meetOwner(protocol, browser, person, randomUUID());
    await browser.login.update(form, { method: "password", identifier, password });
    accepted(await stepUp(browser, { method: "totp", totp_code: nextCode(server, secret), trust_device: true }));
    expect(await eventsOf(server, person.id)).toContain("device.untrusted done");
    expect(accepted(await browser.trustedDevices())).toHaveLength(1);

    accepted(await signIn(trusted, person));
    expect(refused(await trusted.whoami()).reason).toBe("AAL2_REQUIRED");
    accepted(await browser.signOut());
    accepted(await signIn(browser, person));
    expect(accepted(await browser.whoami()).methods).toEqual(["password", "trusted_device"]);
  });
});

describe("what waits for a second factor", () => {
  it("is over in time, and is the first session's alone", async () => {
    const [protocol] = protocols;
    const { person, secret, visitor, giveFirst } = await meet(protocol as Protocol);
    await giveFirst();
    const other = (protocol as Protocol).enter(server);
    const flow = accepted(await other.login.create());
    const { email: identifier, password } = person;
    await other.login.update(flow.id, { method: "password", identifier, password });
    accepted(await stepUpByTotp(other, server, secret));
    expect(await linksOf(server, person.id)).toEqual([]);
    server.clock.advance(hours(2));
    accepted(await stepUpByTotp(visitor, server, secret));
    expect(await linksOf(server, person.id)).toEqual([]);
  });

  it("keeps nobody from signing in once somebody else has linked it", async () => {
    const [protocol] = protocols;
    const { person, secret, sub, visitor, giveFirst } = await meet(protocol as Protocol);
    await giveFirst();
    const { person: other } = await enterAsNewPerson(protocol as Protocol, server);
    const rival = (protocol as Protocol).enter(server);
    const form = await meetOwner(protocol as Protocol, rival, other, sub);
    await rival.login.update(form, { method: "password", identifier: other.email, password: other.password });
    expect(await linksOf(server, other.id)).toEqual([`globex:${sub}`]);
    accepted(await stepUpByTotp(visitor, server, secret));
    expect(await linksOf(server, person.id)).toEqual([]);
  });
});
