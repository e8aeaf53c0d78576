import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { hours } from "../protocols/clock.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { addKey, addPasskey, newDevice, signInWithPasskey, withKeys } from "../protocols/keys.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, type Protocol, type Refusal, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { type SeenFlow, shownIn } from "../protocols/seen.ts";
import { lastCodeTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type Authenticator, type GetOptions, optionsOf } from "../setup/authenticator.ts";

/* Where accounts are hidden, keys do not tell of them. People come about on another node, which hides nothing. */

let open: TestServer;
let server: TestServer;
beforeAll(async () => {
  const overrides = withKeys({}, true);
  const hiding = { security: { account_enumeration: { mitigate: true } } };
  open = await startServer({ overrides });
  server = await startServer({ overrides: merge(overrides, hiding), beside: open });
});
afterAll(async () => {
  await server?.stop();
  await open?.stop();
});

const withKey = async (): Promise<{ readonly email: string; readonly device: Authenticator }> => {
  const { person, visitor } = await enterAsNewPerson(spa, open);
  const device = newDevice();
  accepted(await addKey(visitor, device, "Key ring"));
  return { email: person.email, device };
};
const withPassword = async () => (await enterAsNewPerson(nativeRest, open)).person.email;

/** The form of the second step, of whoever says that this is their identifier. */
const secondStep = async (protocol: Protocol, identifier: string) => {
  const visitor = protocol.enter(server);
  const { id } = accepted(await visitor.login.create());
  const refusal = refused(await visitor.login.update(id, { method: "webauthn", identifier }));
  const flow = accepted(await visitor.login.get(id));
  const options = optionsOf(shownIn(flow, "webauthn_login_trigger"));
  const answer = (device: Authenticator, how: GetOptions = {}) =>
    visitor.login.update(id, {
      method: "webauthn",
      identifier,
      webauthn_login: device.get(shownIn(flow, "webauthn_login_trigger"), how),
    });
  return { visitor, flow, refusal, answer, options, ids: (options.allowCredentials ?? []).map(({ id: key }) => key) };
};

/** An answer without what is another in each flow. */
const saidBy = ({ form: _, location: __, ...said }: Refusal) => said;

const shapeOf = ({ nodes, state, active, texts }: SeenFlow) => ({
  state,
  active,
  texts,
  nodes: nodes.map(({ name, group, type }) => [name, group, type]),
});

describe.each(protocols)("through $name", (protocol) => {
  it("unknown addresses, accounts without keys and with keys get the same answer and kind of challenge", async () => {
    const { email, device } = await withKey();
    const steps: readonly Awaited<ReturnType<typeof secondStep>>[] = await Promise.all(
      [email, await withPassword(), newEmail()].map((identifier) => secondStep(protocol, identifier)),
    );
    const [real, ...others] = steps;
    if (real === undefined) throw new Error("nobody");
    expect(real.refusal.texts).toMatchObject([{ node: "", id: 1010012, type: "info" }]);
    for (const other of others) {
      expect(saidBy(other.refusal)).toEqual(saidBy(real.refusal));
      expect(shapeOf(other.flow)).toEqual(shapeOf(real.flow));
      expect(Object.keys(other.options).sort()).toEqual(Object.keys(real.options).sort());
      expect(Buffer.from(other.options.challenge, "base64url")).toHaveLength(32);
      expect(other.ids.length).toBeGreaterThan(0);
      for (const entry of other.options.allowCredentials ?? [])
        expect(Object.keys(entry).sort()).toEqual(Object.keys(real.options.allowCredentials?.[0] ?? {}).sort());
    }
    // Its owner signs in all the same.
    accepted(await real.answer(device));
    accepted(await real.visitor.whoami());
  });

  it("what is shown for nobody is the same each time, in whatever spelling, and another for each", async () => {
    const nobody = newEmail();
    const { ids } = await secondStep(protocol, nobody);
    server.clock.advance(hours(100));
    expect((await secondStep(protocol, ` ${nobody.toUpperCase()} `)).ids).toEqual(ids);
    expect((await secondStep(protocol, newEmail())).ids).not.toEqual(ids);
  });

  it("a wrong answer is refused in the same words, whether anybody has the key or not", async () => {
    const { email } = await withKey();
    const attacker = newDevice();
    const made = await secondStep(protocol, email);
    // Any key of the attacker, under the id that the form shows.
    attacker.create(JSON.stringify({ publicKey: { challenge: "", rp: { id: "localhost" }, user: { id: "" } } }));
    const [key] = attacker.keys;
    if (key === undefined) throw new Error("no key");
    const wrong: readonly ((shown: string) => GetOptions)[] = [
      (shown) => ({ key: { ...key, id: Buffer.from(shown, "base64url") } }),
      (shown) => ({ key: { ...key, id: Buffer.from(shown, "base64url") }, origin: "https://evil.example.com" }),
      (shown) => ({ key: { ...key, id: Buffer.from(shown, "base64url") }, challenge: "AAAA" }),
      (shown) => ({ key: { ...key, id: Buffer.from(shown, "base64url") }, userPresent: false }),
      () => ({ key }),
    ];
    const nobody = await secondStep(protocol, newEmail());
    for (const how of wrong) {
      const said = await Promise.all(
        [made, nobody].map(async ({ answer, ids }) => refused(await answer(attacker, how(ids[0] ?? ""))).texts),
      );
      expect(said[0]).toHaveLength(1);
      expect(said[1]).toEqual(said[0]);
    }
    expect(refused(await nobody.visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("a sign-up by passkey tells nobody that an address is somebody's", async () => {
    const taken = await withPassword();
    const signUp = async (email: string) => {
      const visitor = protocol.enter(server);
      const device = newDevice();
      const flow = accepted(await visitor.registration.create());
      const passkey_register = device.create(shownIn(flow, "passkey_create_data"));
      const submission = { method: "passkey", traits: { email }, passkey_register };
      const said = saidBy(refused(await visitor.registration.update(flow.id, submission)));
      return { visitor, device, email, said, flow: flow.id };
    };
    const [known, unknown] = [await signUp(taken), await signUp(newEmail())];
    expect(known.said).toEqual(unknown.said);
    expect(known.said.texts).toMatchObject([{ node: "", id: 1040005 }]);
    const proof = { method: "code", traits: { email: unknown.email }, code: await lastCodeTo(server, unknown.email) };
    accepted(await unknown.visitor.registration.update(unknown.flow, proof));
    accepted(await signInWithPasskey(protocol.enter(server), unknown.device));
    expect(refused(await signInWithPasskey(protocol.enter(server), known.device)).texts).toMatchObject([
      { id: 4000015 },
    ]);
  });
});

it("more decoys are shown for some than for others, as people have more or fewer keys", async () => {
  const counts = new Set<number>();
  for (let tries = 0; tries < 40; tries++) counts.add((await secondStep(nativeRest, newEmail())).ids.length);
  expect(counts.size).toBeGreaterThan(1);
});

it("a passkey signs in without telling who has one", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, open);
  const device = newDevice();
  accepted(await addPasskey(visitor, device));
  const form = accepted(await nativeRest.enter(server).login.create());
  expect(optionsOf(shownIn(form, "passkey_challenge")).allowCredentials).toBeUndefined();
  accepted(await signInWithPasskey(nativeRest.enter(server), device));
});
