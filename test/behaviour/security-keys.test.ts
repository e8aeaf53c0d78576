import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { addKey, keyOrigin, newDevice, removals, useKey, withKeys } from "../protocols/keys.ts";
import { change, enterAs, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { browserProtocols, protocols } from "../protocols/protocols.ts";
import { idBytes } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { createAuthenticator, optionsOf } from "../setup/authenticator.ts";

let server: TestServer;
let passwordless: TestServer;
beforeAll(async () => {
  const strict = { selfservice: { flows: { settings: { required_aal: "highest_available" } } } };
  [server, passwordless] = await Promise.all([
    startServer({ overrides: withKeys(strict) }),
    startServer({ overrides: withKeys({}, true) }),
  ]);
});
afterAll(() => Promise.all([server?.stop(), passwordless?.stop()]));

const hasKeys = async (id: string): Promise<boolean> =>
  (await server.sql("SELECT 1 FROM identity_credentials WHERE identity_id = ? AND type = 'webauthn'", [idBytes(id)]))
    .length > 0;

describe.each(browserProtocols)("through $name", (protocol) => {
  it("a security key is added by a name, is then asked for at each sign-in, and raises the session", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const device = newDevice();
    accepted(await addKey(visitor, device, "Key ring"));
    expect(accepted(await visitor.whoami()).methods).toEqual(["password", "webauthn"]);
    // Whoever just added it need not use it as well.
    const shown = accepted(await visitor.settings.create());
    expect(removals(shown, "webauthn_remove")).toEqual([device.keys[0]?.id.toString("hex")]);

    const other = await enterAs(protocol, server, person);
    expect(refused(await other.settings.create()).reason).toBe("AAL2_REQUIRED");
    accepted(await useKey(other, device, { aal: "aal2" }));
    expect(accepted(await other.whoami()).methods).toEqual(["password", "webauthn"]);
    accepted(await other.settings.create());
  });

  it("a person has several, and when the last one is gone nothing is asked for any more", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const [blue, red] = [newDevice(), newDevice()];
    const flow = accepted(await visitor.settings.create());
    // Both in the same form, one after the other.
    for (const [device, name] of [
      [blue, "Blue"],
      [red, "Red"],
    ] as const) {
      const form = accepted(await visitor.settings.get(flow.id));
      const submission = {
        method: "webauthn",
        webauthn_register_displayname: name,
        webauthn_register: device.create(shownIn(form, "webauthn_register_trigger")),
      };
      accepted(await visitor.settings.update(flow.id, submission));
    }
    const form = accepted(await visitor.settings.get(flow.id));
    expect(optionsOf(shownIn(form, "webauthn_register_trigger")).excludeCredentials).toHaveLength(2);
    for (const id of removals(form, "webauthn_remove"))
      accepted(await change(visitor, { method: "webauthn", webauthn_remove: id ?? "" }));
    expect(await hasKeys(person.id)).toBe(false);
    const other = await enterAs(protocol, server, person);
    accepted(await other.settings.create());
  });

  it("a security key that is a second factor is no way to sign up", async () => {
    const visitor = protocol.enter(server);
    const { id, nodes } = accepted(await visitor.registration.create());
    expect(nodes.map(({ name }) => name)).not.toContain("webauthn_register");
    const answer = await visitor.registration.update(id, { method: "webauthn", traits: { email: newEmail() } });
    expect(refused(answer)).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4010003 }] });
  });

  it("a name is needed, and what is no answer of a key is refused", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const device = newDevice();
    expect(refused(await addKey(visitor, device, "  "))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "webauthn_register_displayname", id: 4000002 }],
    });
    for (const answer of ["{}", "no JSON", '{"id":"x"}', "[]", '{"id":"eA","type":"public-key","response":{}}']) {
      const submission = { method: "webauthn", webauthn_register: answer, webauthn_register_displayname: "key" };
      expect(refused(await change(visitor, submission)).texts).toMatchObject([{ node: "", id: 4000001 }]);
    }
    expect(refused(await change(visitor, { method: "webauthn", webauthn_remove: "00ff" })).texts).toMatchObject([
      { node: "", id: 4000001 },
    ]);
    expect(await hasKeys(person.id)).toBe(false);
  });

  it("a security key authenticates again", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const device = newDevice();
    accepted(await addKey(visitor, device, "Key"));
    server.clock.advance(hours(1));
    const wanted = { method: "password", password: "quite another pass phrase" };
    expect(refused(await change(visitor, wanted)).reason).toBe("SESSION_REFRESH_REQUIRED");
    accepted(await useKey(visitor, device, { refresh: "true" }));
    accepted(await change(visitor, wanted));
  });

  it("someone signs up with a security key, and signs in by identifier and key", async () => {
    const visitor = protocol.enter(passwordless);
    const device = newDevice();
    const email = newEmail();
    const form = accepted(await visitor.registration.create());
    accepted(
      await visitor.registration.update(form.id, {
        method: "webauthn",
        traits: { email },
        webauthn_register: device.create(shownIn(form, "webauthn_register_trigger")),
        webauthn_register_displayname: "My key",
      }),
    );
    const me = accepted(await visitor.whoami());
    expect(me).toMatchObject({ traits: { email }, methods: ["webauthn"] });

    const again = protocol.enter(passwordless);
    const login = accepted(await again.login.create());
    // Who it is comes first, in any spelling; the form goes on with their keys.
    const first = refused(await again.login.update(login.id, { method: "webauthn", identifier: email.toUpperCase() }));
    expect(first.texts).toMatchObject([{ node: "", id: 1010012, type: "info" }]);
    const second = accepted(await again.login.get(login.id));
    expect(new Set(second.nodes.map(({ group }) => group))).toEqual(new Set(["default", "webauthn"]));
    accepted(
      await again.login.update(login.id, {
        method: "webauthn",
        identifier: email,
        webauthn_login: device.get(shownIn(second, "webauthn_login_trigger")),
      }),
    );
    expect(accepted(await again.whoami())).toMatchObject({ identityId: me.identityId, methods: ["webauthn"] });
  });

  it("who has no key that signs in by itself is told so, like someone whom nobody knows", async () => {
    const { person } = await enterAsNewPerson(protocol, passwordless);
    for (const identifier of [person.email, newEmail()]) {
      const stranger = protocol.enter(passwordless);
      const form = accepted(await stranger.login.create());
      const refusal = refused(await stranger.login.update(form.id, { method: "webauthn", identifier }));
      expect(refusal.texts).toMatchObject([{ node: "", id: 4000015 }]);
    }
  });
});

describe.each(protocols)("through $name", (protocol) => {
  it("a key that was added in a browser raises the session, whatever it was begun through", async () => {
    const [browser = nativeRest] = browserProtocols;
    const { visitor, person } = await enterAsNewPerson(browser, server);
    const device = newDevice();
    accepted(await addKey(visitor, device, "Key"));
    const other = await enterAs(protocol, server, person);
    expect(refused(await other.settings.create()).reason).toBe("AAL2_REQUIRED");
    accepted(await useKey(other, device, { aal: "aal2" }));
    accepted(await other.settings.create());
  });
});

it("a second factor alone signs nobody in", async () => {
  const [browser = nativeRest] = browserProtocols;
  const { visitor, person } = await enterAsNewPerson(browser, server);
  const device = newDevice();
  accepted(await addKey(visitor, device, "Key"));
  const stranger = nativeRest.enter(server);
  const form = accepted(await stranger.login.create());
  const submission = { method: "webauthn", identifier: person.email, webauthn_login: "{}" };
  expect(refused(await stranger.login.update(form.id, submission)).texts).toMatchObject([{ node: "", id: 4010002 }]);
});

it("an authenticator of another site gets nowhere", async () => {
  const [browser = nativeRest] = browserProtocols;
  const { visitor, person } = await enterAsNewPerson(browser, server);
  const otherOrigin = createAuthenticator({ origin: `${keyOrigin}.example.com` });
  expect(refused(await addKey(visitor, otherOrigin, "Key")).texts).toMatchObject([{ node: "", id: 4000001 }]);
  expect(await hasKeys(person.id)).toBe(false);
});
