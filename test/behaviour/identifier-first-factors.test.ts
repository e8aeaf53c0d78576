import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { enrolTotp, stepUpByTotp, withFactors } from "../protocols/factors.ts";
import { spa } from "../protocols/json-rest.ts";
import { addKey, addPasskey, newDevice, signUpWithPasskey, withKeys } from "../protocols/keys.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { type SeenFlow, shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Where the identifier comes first, people with keys and second factors get as far as those with passwords. */

let server: TestServer;
/** Another node, which hides who has an account. */
let hiding: TestServer;
beforeAll(async () => {
  const style = { selfservice: { flows: { login: { style: "identifier_first" } } } };
  const overrides = merge(merge(withKeys({}, true), withFactors), style);
  server = await startServer({ overrides });
  const security = { account_enumeration: { mitigate: true } };
  hiding = await startServer({ overrides: merge(overrides, { security }), beside: server });
});
afterAll(async () => {
  await hiding?.stop();
  await server?.stop();
});

/** The form after the identifier, and what submits it. */
const afterIdentifier = async (protocol: Protocol, identifier: string, node = server) => {
  const visitor = protocol.enter(node);
  const { id } = accepted(await visitor.login.create());
  const step = refused(await visitor.login.update(id, { method: "identifier_first", identifier }));
  expect(step).toMatchObject({ reason: "FORM_REJECTED", texts: [] });
  const form = accepted(await visitor.login.get(id));
  return { visitor, id, form };
};
const groups = ({ nodes }: SeenFlow) => new Set(nodes.map(({ group }) => group));

describe.each(protocols)("through $name", (protocol) => {
  it("whoever has a passkey alone is shown it, and signs in with it", async () => {
    const device = newDevice();
    const email = newEmail();
    accepted(await signUpWithPasskey(spa.enter(server), device, { email }));
    const { visitor, id, form } = await afterIdentifier(protocol, email);
    expect([groups(form).has("passkey"), groups(form).has("password")]).toEqual([true, false]);
    const passkey_login = device.get(shownIn(form, "passkey_challenge"));
    accepted(await visitor.login.update(id, { method: "passkey", passkey_login }));
    expect(accepted(await visitor.whoami())).toMatchObject({ traits: { email }, methods: ["passkey"] });
  });

  it("a passkey needs no identifier: the first form has it as well", async () => {
    const { visitor: owner, person } = await enterAsNewPerson(spa, server);
    const device = newDevice();
    accepted(await addPasskey(owner, device));
    const visitor = protocol.enter(server);
    const first = accepted(await visitor.login.create());
    const passkey_login = device.get(shownIn(first, "passkey_challenge"));
    accepted(await visitor.login.update(first.id, { method: "passkey", passkey_login }));
    expect(accepted(await visitor.whoami()).identityId).toBe(person.id);
  });

  it("whoever has a security key chooses it beside the password, and signs in with it", async () => {
    const { visitor: owner, person } = await enterAsNewPerson(spa, server);
    const device = newDevice();
    accepted(await addKey(owner, device, "Key ring"));
    const { visitor, id, form } = await afterIdentifier(protocol, person.email);
    expect([groups(form).has("webauthn"), groups(form).has("password")]).toEqual([true, true]);
    const { email: identifier } = person;
    const chosen = refused(await visitor.login.update(id, { method: "webauthn", identifier }));
    expect(chosen.texts).toMatchObject([{ node: "", id: 1010012 }]);
    const second = accepted(await visitor.login.get(id));
    const webauthn_login = device.get(shownIn(second, "webauthn_login_trigger"));
    accepted(await visitor.login.update(id, { method: "webauthn", identifier, webauthn_login }));
    expect(accepted(await visitor.whoami())).toMatchObject({ identityId: person.id, methods: ["webauthn"] });
  });

  it("whoever has an authenticator app gives password and code, and is not asked again who they are", async () => {
    const { visitor: owner, person } = await enterAsNewPerson(spa, server);
    const secret = await enrolTotp(owner, server);
    const { visitor, id, form } = await afterIdentifier(protocol, person.email);
    expect([groups(form).has("totp"), groups(form).has("password"), groups(form).has("webauthn")]).toEqual([
      false,
      true,
      false,
    ]);
    const { email: identifier, password } = person;
    accepted(await visitor.login.update(id, { method: "password", identifier, password }));
    expect(refused(await visitor.whoami()).reason).toBe("AAL2_REQUIRED");
    const second = accepted(await visitor.login.create({ aal: "aal2" }));
    expect([groups(second).has("identifier_first"), groups(second).has("totp")]).toEqual([false, true]);
    accepted(await stepUpByTotp(visitor, server, secret));
    expect(accepted(await visitor.whoami())).toMatchObject({ aal: 2, methods: ["password", "totp"] });
  });

  it("where accounts are hidden everybody is shown the same ways to sign in, whatever they have", async () => {
    const byPasskey = newEmail();
    accepted(await signUpWithPasskey(spa.enter(server), newDevice(), { email: byPasskey }));
    const { visitor: withKey, person: byKey } = await enterAsNewPerson(spa, server);
    accepted(await addKey(withKey, newDevice(), "Key ring"));
    const { visitor: withApp, person: byApp } = await enterAsNewPerson(spa, server);
    await enrolTotp(withApp, server);
    const shown = await Promise.all(
      [newEmail(), byPasskey, byKey.email, byApp.email].map(async (identifier) => {
        const { form } = await afterIdentifier(protocol, identifier, hiding);
        return { texts: form.texts, nodes: form.nodes.map(({ name, group, type }) => [name, group, type]) };
      }),
    );
    for (const each of shown) expect(each).toEqual(shown[0]);
    expect(shown[0]?.nodes.map(([, group]) => group)).toEqual(
      expect.arrayContaining(["password", "webauthn", "passkey"]),
    );
  });
});
