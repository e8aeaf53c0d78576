import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import {
  addPasskey,
  newDevice,
  removals,
  removePasskey,
  signInWithPasskey,
  signUpWithPasskey,
  withKeys,
} from "../protocols/keys.ts";
import { change, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { idBytes } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { optionsOf } from "../setup/authenticator.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withKeys() });
});
afterAll(() => server?.stop());

const stored = async (id: string): Promise<string> => {
  const [row] = await server.sql<{ readonly config: unknown }>(
    "SELECT config FROM identity_credentials WHERE identity_id = ? AND type = 'passkey'",
    [idBytes(id)],
  );
  return row === undefined ? "" : typeof row.config === "string" ? row.config : JSON.stringify(row.config);
};

describe.each(protocols)("through $name", (protocol) => {
  it("a passkey is added, signs in, and is gone when it was removed", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const device = newDevice();
    const added = accepted(await addPasskey(visitor, device));
    expect(added.flow).toMatchObject({ state: "success", texts: [{ node: "", id: 1050001 }] });
    expect(accepted(await visitor.whoami()).methods).toEqual(["password", "passkey"]);

    const other = protocol.enter(server);
    accepted(await signInWithPasskey(other, device));
    expect(accepted(await other.whoami())).toMatchObject({ identityId: person.id, methods: ["passkey"] });

    accepted(await removePasskey(visitor));
    expect(await stored(person.id)).toBe("");
    const third = protocol.enter(server);
    expect(refused(await signInWithPasskey(third, device))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "", id: 4000015 }],
    });
  });

  it("someone signs up with a passkey alone, is signed in, and comes back with it", async () => {
    const device = newDevice();
    const email = newEmail();
    const visitor = protocol.enter(server);
    accepted(await signUpWithPasskey(visitor, device, { email }));
    const me = accepted(await visitor.whoami());
    expect(me).toMatchObject({ traits: { email }, methods: ["passkey"] });
    const again = protocol.enter(server);
    accepted(await signInWithPasskey(again, device));
    expect(accepted(await again.whoami()).identityId).toBe(me.identityId);
  });

  it("a person has several passkeys, each listed by what its make is called", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const [phone, laptop] = [newDevice(), newDevice()];
    accepted(await addPasskey(visitor, phone, { aaguid: "fbfc3007-154e-4ecc-8c0b-6e020557d7bd" }));
    accepted(await addPasskey(visitor, laptop));
    const flow = accepted(await visitor.settings.create());
    expect(removals(flow, "passkey_remove")).toEqual(
      expect.arrayContaining([phone, laptop].map(({ keys }) => keys[0]?.id.toString("hex"))),
    );
    // Neither device is asked for another one.
    const { excludeCredentials } = optionsOf(shownIn(flow, "passkey_create_data"));
    expect(excludeCredentials).toHaveLength(2);
    expect(() => phone.create(shownIn(flow, "passkey_create_data"))).toThrow("there already");
    for (const device of [phone, laptop]) accepted(await signInWithPasskey(protocol.enter(server), device));
  });

  it("a passkey authenticates again: what needs a recent session is done after it", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const device = newDevice();
    accepted(await addPasskey(visitor, device));
    server.clock.advance(hours(1));
    const refusal = refused(await change(visitor, { method: "password", password: "another long pass phrase" }));
    expect(refusal.reason).toBe("SESSION_REFRESH_REQUIRED");
    accepted(await signInWithPasskey(visitor, device, {}, { refresh: "true" }));
    accepted(await change(visitor, { method: "password", password: "another long pass phrase" }));
  });

  it("an old session adds and removes no passkey", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const device = newDevice();
    accepted(await addPasskey(visitor, device));
    const before = await stored(person.id);
    server.clock.advance(hours(1));
    expect(refused(await addPasskey(visitor, newDevice())).reason).toBe("SESSION_REFRESH_REQUIRED");
    expect(refused(await removePasskey(visitor)).reason).toBe("SESSION_REFRESH_REQUIRED");
    expect(await stored(person.id)).toBe(before);
  });

  it("the last way to sign in is not removed", async () => {
    const device = newDevice();
    const visitor = protocol.enter(server);
    accepted(await signUpWithPasskey(visitor, device, { email: newEmail() }));
    const refusal = refused(await removePasskey(visitor));
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "passkey_remove", id: 4000001 }] });
    accepted(await signInWithPasskey(protocol.enter(server), device));
    // With another one it may go.
    accepted(await addPasskey(visitor, newDevice()));
    accepted(await removePasskey(visitor));
  });

  it("a sign-up says what is missing, keeps what was typed, and makes nobody", async () => {
    const visitor = protocol.enter(server);
    const refusal = refused(await signUpWithPasskey(visitor, newDevice(), { name: { first: "Ann" } }));
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "traits.email", id: 4000002 }] });
    const flow = accepted(await visitor.registration.create());
    const bare = refused(
      await visitor.registration.update(flow.id, { method: "passkey", traits: { email: newEmail() } }),
    );
    expect(bare.texts).toMatchObject([{ node: "passkey_register", id: 4000002 }]);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  });
});
