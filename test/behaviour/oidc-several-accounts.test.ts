import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AccountService } from "../../gen/ostiary/account/v1/account_service_pb.ts";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { linkThrough, withCode } from "../protocols/linking.ts";
import { done, operatorProtocols } from "../protocols/operators.ts";
import { asOwner } from "../protocols/owners.ts";
import { change, enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { browserProtocols, protocols } from "../protocols/protocols.ts";
import { away, comeBack, type Providers, showRealTime, signInAt, startProviders } from "../protocols/providers.ts";
import { eventsOf, linksOf } from "../protocols/rows.ts";
import type { SeenFlow } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* More than one account of one provider: globex allows it here, acme does not. */

let server: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(server, { several_accounts: true });
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

const buttons = (flow: SeenFlow) =>
  flow.nodes.filter(({ group }) => group === "oidc").map(({ name, value }) => `${name} ${value}`);

describe.each(protocols)("through $name", (protocol) => {
  it("two accounts of one provider are linked, listed each, and unlinked each", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const [home, work] = [randomUUID(), randomUUID()];
    const { flow } = await linkThrough(providers, protocol, visitor, "globex", home);
    const one = buttons(accepted(await visitor.settings.get(flow.id)));
    expect(one.toSorted()).toEqual(["link acme", "link globex", "unlink globex"]);
    await linkThrough(providers, protocol, visitor, "globex", work);
    expect(await linksOf(server, person.id)).toEqual([`globex:${home}`, `globex:${work}`].sort());
    const both = buttons(accepted(await visitor.settings.create()));
    expect(both).toEqual(expect.arrayContaining([`unlink globex:${home}`, `unlink globex:${work}`, "link globex"]));
    expect(both).not.toContain("unlink globex");
    accepted(await change(visitor, { method: "oidc", unlink: `globex:${home}` }));
    expect(await linksOf(server, person.id)).toEqual([`globex:${work}`]);
    expect(await eventsOf(server, person.id)).toContain("provider.unlinked done globex");
    expect(buttons(accepted(await visitor.settings.create()))).toContain("unlink globex");
    const unknown = refused(await change(visitor, { method: "oidc", unlink: `globex:${home}` }));
    expect(unknown).toMatchObject({ reason: "FORM_REJECTED", texts: [{ id: 4000001 }] });
  });

  it("who links another account is asked by the provider which one, unless the client says otherwise", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const promptOf = async (more: JsonObject = {}) => {
      const flow = accepted(await visitor.settings.create(protocol.family === "native" ? withCode : {}));
      const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "globex", ...more }));
      return new URL(location).searchParams.get("prompt");
    };
    expect(await promptOf()).toBeNull();
    await linkThrough(providers, protocol, visitor, "globex", randomUUID());
    expect(await promptOf()).toBe("select_account");
    expect(await promptOf({ upstream_parameters: { prompt: "login" } })).toBe("login");
    await linkThrough(providers, protocol, visitor, "globex", randomUUID());
    expect(providers.globex.requests.at(-1)).toMatchObject({ prompt: "select_account" });
  });

  it("the name of the provider unlinks all of its accounts", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    await linkThrough(providers, protocol, visitor, "globex", randomUUID());
    await linkThrough(providers, protocol, visitor, "globex", randomUUID());
    accepted(await change(visitor, { method: "oidc", unlink: "globex" }));
    expect(await linksOf(server, person.id)).toEqual([]);
  });
});

describe.each(operatorProtocols)("an operator through $name", (protocol) => {
  it("imports several links of one provider, and owner and operator see all of them", async () => {
    const [email, home, work] = [newEmail(), randomUUID(), randomUUID()];
    const links = [home, work].map((subject) => ({ provider: "globex", subject }));
    const password = newPassword();
    const { createIdentity, getIdentity } = IdentityAdminService.method;
    const { identity } = done(
      await protocol.call(server.adminUrl, createIdentity, {
        schema_id: "person",
        traits: { email },
        credentials: { password: { config: { password } }, oidc: { config: { providers: links } } },
      }),
    ) as { identity: { id: string } };
    expect(await linksOf(server, identity.id)).toEqual([`globex:${home}`, `globex:${work}`].sort());
    const revealed = done(
      await protocol.call(server.adminUrl, getIdentity, { id: identity.id, include_credential: ["oidc"] }),
    ) as { identity: { credentials: { oidc: { config: unknown } } } };
    expect(revealed.identity.credentials.oidc.config).toMatchObject({ providers: links });
    const visitor = nativeRest.enter(server);
    accepted(await signIn(visitor, { email, password }));
    const ask = asOwner(protocol, server);
    expect(done(await ask(visitor, AccountService.method.listLinks)).links).toMatchObject(links);
    expect(done(await ask(visitor, AccountService.method.exportAccount)).export).toMatchObject({ links });
  });
});

describe.each(browserProtocols)("through $name", (protocol) => {
  it("the same account is not linked twice, and a provider that allows one account is not either", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const sub = randomUUID();
    await linkThrough(providers, protocol, visitor, "globex", sub);
    await linkThrough(providers, protocol, visitor, "globex", sub);
    expect(await linksOf(server, person.id)).toEqual([`globex:${sub}`]);
    await linkThrough(providers, protocol, visitor, "acme", sub);
    expect(refused(await change(visitor, { method: "oidc", link: "acme" })).texts).toMatchObject([{ id: 4000001 }]);
  });

  it("either of the two signs the person in", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const subs = [randomUUID(), randomUUID()];
    for (const sub of subs) await linkThrough(providers, protocol, visitor, "globex", sub);
    for (const sub of subs) {
      const browser = protocol.enter(server);
      const { id } = accepted(await browser.login.create());
      const location = away(await browser.login.update(id, { method: "oidc", provider: "globex" }));
      await comeBack(await signInAt(providers.globex, location, { sub }), browser);
      expect(accepted(await browser.whoami()).identityId).toBe(person.id);
    }
  });
});
