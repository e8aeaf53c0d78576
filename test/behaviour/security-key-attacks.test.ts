import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { between } from "../protocols/gate.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import {
  addKey,
  addPasskey,
  appOrigin,
  newDevice,
  removals,
  signInWithPasskey,
  useKey,
  withKeys,
} from "../protocols/keys.ts";
import { change, enterAs, enterAsNewPerson, type Person } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type Authenticator, createAuthenticator, type GetOptions } from "../setup/authenticator.ts";

/* Security keys as second factors, and keys of either method, against answers that no honest browser gives. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withKeys() });
});
afterAll(() => server?.stop());

interface Owner {
  readonly person: Person;
  readonly visitor: Visitor;
  readonly device: Authenticator;
}
/** Someone with a security key, which was added in a browser. */
const withKey = async (): Promise<Owner> => {
  const { person, visitor } = await enterAsNewPerson(spa, server);
  const device = newDevice();
  accepted(await addKey(visitor, device, "Key ring", { counter: 5 }));
  return { person, visitor, device };
};
const secondStepOf = async (protocol: Protocol, { person }: Owner) => {
  const visitor = await enterAs(protocol, server, person);
  const flow = accepted(await visitor.login.create({ aal: "aal2" }));
  const submit = (answer: string) => visitor.login.update(flow.id, { method: "webauthn", webauthn_login: answer });
  return { visitor, shown: shownIn(flow, "webauthn_login_trigger"), submit };
};

const wrong: readonly (readonly [string, GetOptions])[] = [
  ["another origin", { origin: "https://evil.example.com" }],
  ["a page in a frame of another site", { crossOrigin: true }],
  ["another relying party", { rpId: "example.com" }],
  ["another type", { type: "webauthn.create" }],
  ["a challenge of its own", { challenge: randomBytes(32).toString("base64url") }],
  ["nobody who touched it", { userPresent: false }],
  ["a counter that goes back", { counter: 4 }],
  ["data that is cut off", { data: (data) => data.subarray(0, 30) }],
  ["data of a hundred kilobytes", { data: (data) => Buffer.concat([data, randomBytes(20_000)]) }],
  ["a signature that is cut off", { alter: (signature) => signature.subarray(0, 20) }],
];

describe.each(protocols)("through $name", (protocol) => {
  it("a second step by a security key is refused with any wrong part, and succeeds with the right answer", async () => {
    const owner = await withKey();
    const { visitor, shown, submit } = await secondStepOf(protocol, owner);
    for (const [what, how] of wrong) {
      const answer = await submit(owner.device.get(shown, how));
      expect([what, answer.ok ? undefined : answer.reason]).toEqual([what, "FORM_REJECTED"]);
    }
    expect(refused(await visitor.whoami()).reason).toBe("AAL2_REQUIRED");
    accepted(await submit(owner.device.get(shown, { counter: 6 })));
    expect(accepted(await visitor.whoami()).methods).toEqual(["password", "webauthn"]);
  });

  it("a challenge of another flow, of another person, or of a flow that is over raises nothing", async () => {
    const [owner, other] = [await withKey(), await withKey()];
    const [one, two] = [await secondStepOf(protocol, owner), await secondStepOf(protocol, owner)];
    expect(refused(await one.submit(owner.device.get(two.shown))).texts).toMatchObject([{ node: "", id: 4000001 }]);
    const theirs = await secondStepOf(protocol, other);
    // Their key under their challenge, and their key under mine.
    const [key] = other.device.keys;
    expect(refused(await one.submit(other.device.get(theirs.shown))).reason).toBe("FORM_REJECTED");
    expect(refused(await one.submit(other.device.get(one.shown, key && { key }))).texts).toMatchObject([
      { node: "", id: 4000015 },
    ]);
    const answer = owner.device.get(one.shown);
    server.clock.advance(hours(2));
    expect(refused(await one.submit(answer)).reason).toBe("FLOW_EXPIRED");
    expect(refused(await one.visitor.whoami()).reason).toBe("AAL2_REQUIRED");
  });
});

it("an answer of a key is good for one second step, also for several at the same moment", async () => {
  const { person, visitor } = await enterAsNewPerson(spa, server);
  const device = newDevice();
  // Its counter says nothing: the challenge alone must do.
  accepted(await addKey(visitor, device, "Key", { counter: 0 }));
  const { shown, submit } = await secondStepOf(nativeRest, { person, visitor, device });
  const answer = device.get(shown, { counter: 0 });
  const answers = await Promise.all([submit(answer), submit(answer), submit(answer)]);
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  expect((await submit(answer)).ok).toBe(false);
});

it("a security key that is removed while it is used raises nothing", async () => {
  const owner = await withKey();
  const { visitor, shown, submit } = await secondStepOf(nativeRest, owner);
  const answer = await between(
    server.gate,
    () => submit(owner.device.get(shown)),
    async () => {
      const [id = ""] = removals(accepted(await owner.visitor.settings.create()), "webauthn_remove");
      accepted(await change(owner.visitor, { method: "webauthn", webauthn_remove: id }));
    },
  );
  expect(answer.ok).toBe(false);
  expect(accepted(await visitor.whoami()).aal).toBe(1);
});

describe("a key that is there already", () => {
  it("is not added again, as the same kind or the other, by whatever authenticator says it has it", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const device = newDevice();
    accepted(await addPasskey(visitor, device));
    const { id } = device.keys[0] ?? {};
    if (id === undefined) throw new Error("no key");
    expect(refused(await addPasskey(visitor, newDevice(), { id })).texts).toMatchObject([{ id: 4000001 }]);
    expect(refused(await addKey(visitor, newDevice(), "Again", { id })).texts).toMatchObject([{ id: 4000001 }]);
    const flow = accepted(await visitor.settings.create());
    expect([removals(flow, "passkey_remove").length, removals(flow, "webauthn_remove").length]).toEqual([1, 0]);
    // The one that was there goes on.
    accepted(await signInWithPasskey(spa.enter(server), device));
  });

  it("is not asked for twice: a browser is told which it has", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const device = newDevice();
    accepted(await addPasskey(visitor, device));
    await expect(addPasskey(visitor, device)).rejects.toThrow("there already");
    await expect(addKey(visitor, device, "Again")).rejects.toThrow("there already");
  });
});

it("a key of an algorithm that was not offered is not added", async () => {
  const { visitor } = await enterAsNewPerson(spa, server);
  for (const attestation of ["none", "packed"] as const) {
    const how = { algorithm: "ES256K", attestation } as const;
    expect(refused(await addPasskey(visitor, newDevice(), how)).texts).toMatchObject([{ node: "", id: 4000001 }]);
    expect(refused(await addKey(visitor, newDevice(), "Key", how)).texts).toMatchObject([{ node: "", id: 4000001 }]);
  }
});

it("an attestation need not be there, but what it signs must hold", async () => {
  const { visitor } = await enterAsNewPerson(spa, server);
  const forged = (signature: Buffer) => Buffer.from(signature.map((byte, at) => (at === 20 ? byte ^ 1 : byte)));
  const refusal = refused(await addPasskey(visitor, newDevice(), { attestation: "packed", attest: forged }));
  expect(refusal.texts).toMatchObject([{ node: "", id: 4000001 }]);
  for (const attestation of ["none", "packed"] as const)
    accepted(await addPasskey(visitor, newDevice(), { attestation }));
});

it("an app adds a passkey and signs in with it in its own name, and no other app does", async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  const phone = createAuthenticator({ origin: appOrigin });
  accepted(await addPasskey(visitor, phone));
  const other = { origin: `android:apk-key-hash:${"b".repeat(43)}` };
  expect(refused(await signInWithPasskey(nativeRest.enter(server), phone, other)).texts).toMatchObject([
    { node: "", id: 4000001 },
  ]);
  const again = nativeRest.enter(server);
  accepted(await signInWithPasskey(again, phone));
  expect(accepted(await again.whoami()).identityId).toBe(person.id);
});

it("two tabs add security keys at once: both are there, and each raises a session", async () => {
  const { person, visitor } = await enterAsNewPerson(spa, server);
  const flows = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
  const devices = [newDevice(), newDevice()];
  const answers = await Promise.all(
    flows.map((flow, at) =>
      visitor.settings.update(flow.id, {
        method: "webauthn",
        webauthn_register_displayname: `Key ${at}`,
        webauthn_register: devices[at]?.create(shownIn(flow, "webauthn_register_trigger")) ?? "",
      }),
    ),
  );
  for (const answer of answers) accepted(answer);
  for (const device of devices) accepted(await useKey(await enterAs(spa, server, person), device, { aal: "aal2" }));
});
