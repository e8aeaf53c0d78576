import { randomBytes } from "node:crypto";
import { encodeCBOR } from "@levischuck/tiny-cbor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { grpc } from "../protocols/connect.ts";
import { between } from "../protocols/gate.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { addPasskey, newDevice, removePasskey, signInWithPasskey, withKeys } from "../protocols/keys.ts";
import { enterAsNewPerson } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { idBytes } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type AnswerOptions, type Authenticator, type CreateOptions, optionsOf } from "../setup/authenticator.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withKeys() });
});
afterAll(() => server?.stop());

const passkeysOf = async (id: string): Promise<number> => {
  const rows = await server.sql<{ readonly n: number }>(
    `SELECT JSON_LENGTH(config, '$.credentials') AS n FROM identity_credentials WHERE identity_id = ?
      AND type = 'passkey'`,
    [idBytes(id)],
  );
  return Number(rows[0]?.n ?? 0);
};

const withPasskey = async (): Promise<{ device: Authenticator; visitor: Visitor; id: string }> => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  const device = newDevice();
  accepted(await addPasskey(visitor, device, { counter: 5 }));
  return { device, visitor, id: person.id };
};

/** What an answer may be wrong in, whatever it is for. */
const wrong: readonly (readonly [string, AnswerOptions])[] = [
  ["another origin", { origin: "https://evil.example.com" }],
  ["an origin below that of the page", { origin: "http://sub.localhost:4455" }],
  ["a page in a frame of another site", { crossOrigin: true }],
  ["another relying party", { rpId: "example.com" }],
  ["a challenge of its own", { challenge: randomBytes(32).toString("base64url") }],
  ["nobody who touched it", { userPresent: false }],
  ["nobody whom it verified", { userVerified: false }],
];

describe.each([nativeRest, grpc])("through $name", (protocol) => {
  it.each(wrong)("a new passkey is refused with %s", async (_, how) => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const refusal = refused(await addPasskey(visitor, newDevice(), how));
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000001 }] });
    expect(await passkeysOf(person.id)).toBe(0);
  });

  it.each(wrong)("a sign-in is refused with %s", async (_, how) => {
    const { device } = await withPasskey();
    const stranger = protocol.enter(server);
    expect(refused(await signInWithPasskey(stranger, device, how)).reason).toBe("FORM_REJECTED");
    expect(refused(await stranger.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("an answer of one kind is none of the other", async () => {
    const { device, visitor } = await withPasskey();
    expect(refused(await addPasskey(visitor, newDevice(), { type: "webauthn.get" })).reason).toBe("FORM_REJECTED");
    const stranger = protocol.enter(server);
    expect(refused(await signInWithPasskey(stranger, device, { type: "webauthn.create" })).reason).toBe(
      "FORM_REJECTED",
    );
  });
});

it.each(["ES256", "EdDSA", "RS256"] as const)("a key of the algorithm %s is added and signs in", async (algorithm) => {
  for (const attestation of ["none", "packed"] as const) {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const device = newDevice();
    accepted(await addPasskey(visitor, device, { algorithm, attestation }));
    accepted(await signInWithPasskey(nativeRest.enter(server), device));
    const forged = (signature: Buffer) => Buffer.from(signature.map((byte, at) => (at === 20 ? byte ^ 1 : byte)));
    const stranger = nativeRest.enter(server);
    expect(refused(await signInWithPasskey(stranger, device, { alter: forged })).texts).toMatchObject([
      { node: "", id: 4000043 },
    ]);
  }
});

it("a statement with certificates is not verified, so that nobody is asked whether they are revoked", async () => {
  for (const format of ["android-key", "tpm", "apple", "android-safetynet"]) {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    // Its statement holds nothing of its format: verifying it would fail.
    const alter = (object: Buffer): Buffer =>
      Buffer.concat([Buffer.from(encodeCBOR("fmt")), Buffer.from(encodeCBOR("none"))]).equals(object.subarray(1, 10))
        ? Buffer.concat([
            object.subarray(0, 1),
            Buffer.from(encodeCBOR("fmt")),
            Buffer.from(encodeCBOR(format)),
            object.subarray(10),
          ])
        : Buffer.alloc(0);
    accepted(await addPasskey(visitor, newDevice(), { alter }));
    expect(await passkeysOf(person.id)).toBe(1);
  }
});

it("CBOR that is cut off, nested without end, or other data is refused as fast as valid CBOR is accepted", async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  const broken: readonly ((object: Buffer) => Buffer)[] = [
    (object) => object.subarray(0, object.length - 40),
    (object) => object.subarray(0, 5),
    () => Buffer.alloc(40_000, 0x81),
    () => Buffer.alloc(40_000, 0xa1),
    () => Buffer.from([0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    () => Buffer.from([0xbb, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]),
    () => randomBytes(2_000),
  ];
  const honest = process.cpuUsage();
  for (const _ of broken) accepted(await addPasskey(visitor, newDevice()));
  const { user: usual } = process.cpuUsage(honest);
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const before = process.cpuUsage();
    for (const alter of broken) {
      const refusal = refused(await addPasskey(visitor, newDevice(), { alter }));
      expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000001 }] });
    }
    times.push(process.cpuUsage(before).user);
  }
  // Time of the processor: no more than that of as many that are right, but in rounds in which memory is collected.
  expect(Math.min(...times)).toBeLessThan(3 * usual + 100_000);
  // What no authenticator says is refused by its length.
  const huge = refused(await addPasskey(visitor, newDevice(), { alter: () => randomBytes(60_000) }));
  expect(huge).toMatchObject({ reason: "INVALID_FIELD" });
  expect(await passkeysOf(person.id)).toBe(broken.length);
});

describe("a challenge", () => {
  it("is good for its own flow only", async () => {
    const { device } = await withPasskey();
    const stranger = nativeRest.enter(server);
    const [one, other] = [accepted(await stranger.login.create()), accepted(await stranger.login.create())];
    const answer = device.get(shownIn(one, "passkey_challenge"));
    const submission = { method: "passkey", passkey_login: answer };
    expect(refused(await stranger.login.update(other.id, submission)).texts).toMatchObject([{ id: 4000001 }]);
    accepted(await stranger.login.update(one.id, submission));
  });

  it("is good for one sign-in only, also for two at the same moment", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const device = newDevice();
    // Its counter says nothing: the challenge alone must do.
    accepted(await addPasskey(visitor, device, { counter: 0 }));
    const flow = accepted(await nativeRest.enter(server).login.create());
    const answer = device.get(shownIn(flow, "passkey_challenge"), { counter: 0 });
    const submit = () => nativeRest.enter(server).login.update(flow.id, { method: "passkey", passkey_login: answer });
    const answers = await Promise.all([submit(), submit(), submit()]);
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect((await submit()).ok).toBe(false);
  });

  it("of somebody else's form adds no key", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const { visitor: other, person } = await enterAsNewPerson(nativeRest, server);
    const theirs = accepted(await visitor.settings.create());
    const mine = accepted(await other.settings.create());
    const answer = newDevice().create(shownIn(theirs, "passkey_create_data"));
    const submission = { method: "passkey", passkey_settings_register: answer };
    expect(refused(await other.settings.update(mine.id, submission)).texts).toMatchObject([{ id: 4000001 }]);
    expect(await passkeysOf(person.id)).toBe(0);
  });

  it("adds a key once: what was removed does not come back by the same answer", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const flow = accepted(await visitor.settings.create());
    const answer = newDevice().create(shownIn(flow, "passkey_create_data"));
    const submission = { method: "passkey", passkey_settings_register: answer };
    accepted(await visitor.settings.update(flow.id, submission));
    accepted(await removePasskey(visitor));
    expect(refused(await visitor.settings.update(flow.id, submission)).texts).toMatchObject([{ id: 4000001 }]);
    expect(await passkeysOf(person.id)).toBe(0);
  });

  it("is over with its flow", async () => {
    const { device } = await withPasskey();
    const stranger = nativeRest.enter(server);
    const flow = accepted(await stranger.login.create());
    const answer = device.get(shownIn(flow, "passkey_challenge"));
    server.clock.advance(hours(2));
    const refusal = refused(await stranger.login.update(flow.id, { method: "passkey", passkey_login: answer }));
    expect(refusal.reason).toBe("FLOW_EXPIRED");
  });
});

describe("a copy of a key", () => {
  it.each([
    ["goes back", 4],
    ["stays", 5],
    ["becomes none", 0],
  ])("is noticed when its counter %s, and stands in the security events", async (_, counter) => {
    const { device, id } = await withPasskey();
    const refusal = refused(await signInWithPasskey(nativeRest.enter(server), device, { counter }));
    expect(refusal.texts).toMatchObject([{ node: "", id: 4000043 }]);
    const events = await server.sql<{ readonly type: string; readonly outcome: string }>(
      "SELECT type, outcome FROM security_events WHERE identity_id = ? AND type = 'passkey.copied'",
      [idBytes(id)],
    );
    expect(events).toEqual([{ type: "passkey.copied", outcome: "refused" }]);
    // The real one goes on.
    accepted(await signInWithPasskey(nativeRest.enter(server), device, { counter: 6 }));
    expect(refused(await signInWithPasskey(nativeRest.enter(server), device, { counter: 6 })).reason).toBe(
      "FORM_REJECTED",
    );
  });

  it("does not exist of keys that never count", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const device = newDevice();
    accepted(await addPasskey(visitor, device, { counter: 0, backupEligible: true, backedUp: false }));
    for (const backedUp of [true, true, false]) {
      const how = { counter: 0, backupEligible: true, backedUp };
      accepted(await signInWithPasskey(nativeRest.enter(server), device, how));
    }
    const moved = { counter: 0, backupEligible: false };
    expect(refused(await signInWithPasskey(nativeRest.enter(server), device, moved)).reason).toBe("FORM_REJECTED");
  });
});

describe("a key of someone else", () => {
  it("is not added: no two people have one of the same id", async () => {
    const { device } = await withPasskey();
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const stolen: CreateOptions = { id: device.keys[0]?.id ?? Buffer.alloc(0) };
    const refusal = refused(await addPasskey(visitor, newDevice(), stolen));
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000007 }] });
    expect(await passkeysOf(person.id)).toBe(0);
    accepted(await signInWithPasskey(nativeRest.enter(server), device));
  });

  it("signs in as nobody but its owner, whatever user handle is sent with it", async () => {
    const [mine, theirs] = [await withPasskey(), await withPasskey()];
    const userHandle = theirs.device.keys[0]?.userHandle ?? Buffer.alloc(0);
    const stranger = nativeRest.enter(server);
    expect(refused(await signInWithPasskey(stranger, mine.device, { userHandle })).texts).toMatchObject([
      { id: 4000015 },
    ]);
  });

  it("does not raise or renew a session of another person: it begins one of its owner", async () => {
    const [mine, theirs] = [await withPasskey(), await withPasskey()];
    const flow = accepted(await mine.visitor.login.create({ refresh: "true" }));
    const { allowCredentials } = optionsOf(shownIn(flow, "passkey_challenge"));
    expect(allowCredentials).toHaveLength(1);
    const key = theirs.device.keys[0];
    const answer = theirs.device.get(shownIn(flow, "passkey_challenge"), key && { key });
    accepted(await mine.visitor.login.update(flow.id, { method: "passkey", passkey_login: answer }));
    expect(accepted(await mine.visitor.whoami()).identityId).toBe(theirs.id);
  });
});

it("two tabs that add a passkey at once both do", async () => {
  const { visitor, person } = await enterAsNewPerson(spa, server);
  const [one, other] = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
  const [phone, laptop] = [newDevice(), newDevice()];
  const submit = (flow: typeof one, device: Authenticator) =>
    visitor.settings.update(flow.id, {
      method: "passkey",
      passkey_settings_register: device.create(shownIn(flow, "passkey_create_data")),
    });
  for (const answer of await Promise.all([submit(one, phone), submit(other, laptop)])) accepted(answer);
  expect(await passkeysOf(person.id)).toBe(2);
  for (const device of [phone, laptop]) accepted(await signInWithPasskey(spa.enter(server), device));
});

it("a passkey that is removed while it signs in signs nobody in", async () => {
  const { device, visitor } = await withPasskey();
  const stranger = nativeRest.enter(server);
  const flow = accepted(await stranger.login.create());
  const answer = device.get(shownIn(flow, "passkey_challenge"));
  const submission = { method: "passkey", passkey_login: answer };
  const signedIn = await between(
    server.gate,
    () => stranger.login.update(flow.id, submission),
    async () => {
      // Another way in, so that it may go.
      accepted(await removePasskey(visitor));
    },
  );
  expect(refused(signedIn).reason).toBe("FORM_REJECTED");
  expect(refused(await stranger.whoami()).reason).toBe("SESSION_INACTIVE");
});
