import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours, minutes, seconds } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { everythingWritten, idBytes, isChange, passwordHashOf, versionOf } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * A protected change with a session that is too old is parked, and applied
 * exactly once when its owner has proven again who they are.
 */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

interface Parked {
  readonly visitor: Visitor;
  readonly person: Person;
  readonly flow: string;
  /** The password that waits. */
  readonly password: string;
}

/** Someone whose new password waits. */
const park = async (protocol: Protocol): Promise<Parked> => {
  const { visitor, person } = await enterAsNewPerson(protocol, server);
  server.clock.advance(hours(1));
  const flow = accepted(await visitor.settings.create()).id;
  const password = newPassword();
  expect(refused(await visitor.settings.update(flow, { method: "password", password })).reason).toBe(
    "SESSION_REFRESH_REQUIRED",
  );
  return { visitor, person, flow, password };
};

const authenticate = async (visitor: Visitor, person: Person) =>
  accepted(await signIn(visitor, person, { refresh: "true" }));
const signsIn = async ({ email }: Person, password: string): Promise<boolean> =>
  (await signIn(nativeRest.enter(server), { email, password })).ok;
const changesOf = async ({ id }: Person): Promise<number> =>
  (await server.sql(`SELECT 1 FROM security_events WHERE identity_id = ? AND ${isChange}`, [idBytes(id)])).length;

describe.each(protocols)("through $name", (protocol) => {
  it("a new password waits until its owner has signed in again, and is then set", async () => {
    const { visitor, person, flow, password } = await park(protocol);
    expect(await signsIn(person, password)).toBe(false);
    await authenticate(visitor, person);
    expect(await signsIn(person, password)).toBe(false);
    const done = accepted(await visitor.resume(flow));
    expect(done.flow).toMatchObject({ id: flow, state: "success", texts: [{ node: "", id: 1050001 }] });
    expect(await signsIn(person, password)).toBe(true);
    expect(await signsIn(person, person.password)).toBe(false);
  });

  it("a new address waits as well, with the rest of the profile", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(1));
    const flow = accepted(await visitor.settings.create()).id;
    const traits = { email: newEmail(), name: { first: "Ada" } };
    expect(refused(await visitor.settings.update(flow, { method: "profile", traits })).reason).toBe(
      "SESSION_REFRESH_REQUIRED",
    );
    expect(accepted(await visitor.whoami()).traits.email).toBe(person.email);
    await authenticate(visitor, person);
    expect(accepted(await visitor.resume(flow)).flow).toMatchObject({ state: "success", traits });
    expect(await signsIn({ ...person, email: traits.email }, person.password)).toBe(true);
  });

  it("so does whatever else someone signs in with, though nothing is ever sent to it", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server, { nickname: `n${newEmail().slice(0, 9)}` });
    server.clock.advance(hours(1));
    const flow = accepted(await visitor.settings.create()).id;
    const traits = { email: person.email, nickname: `m${newEmail().slice(0, 9)}` };
    expect(refused(await visitor.settings.update(flow, { method: "profile", traits })).reason).toBe(
      "SESSION_REFRESH_REQUIRED",
    );
    await authenticate(visitor, person);
    accepted(await visitor.resume(flow));
    expect(await signsIn({ ...person, email: traits.nickname }, person.password)).toBe(true);
  });

  it("what was applied is not applied again", async () => {
    const { visitor, person, flow } = await park(protocol);
    await authenticate(visitor, person);
    accepted(await visitor.resume(flow));
    const [hash, version] = [await passwordHashOf(server, person.id), await versionOf(server, person.id)];
    expect(accepted(await visitor.resume(flow)).flow?.id).toBe(flow);
    expect([await passwordHashOf(server, person.id), await versionOf(server, person.id)]).toEqual([hash, version]);
  });

  it("five resumes at once apply it once", async () => {
    const { visitor, person, flow, password } = await park(protocol);
    await authenticate(visitor, person);
    const version = Number(await versionOf(server, person.id));
    for (const answer of await Promise.all([1, 2, 3, 4, 5].map(() => visitor.resume(flow)))) accepted(answer);
    expect(Number(await versionOf(server, person.id))).toBe(version + 1);
    expect(await changesOf(person)).toBe(1);
    expect(await signsIn(person, password)).toBe(true);
  });

  it("asking for it before signing in again leaves it waiting", async () => {
    const { visitor, person, flow, password } = await park(protocol);
    expect(refused(await visitor.resume(flow)).reason).toBe("SESSION_REFRESH_REQUIRED");
    await authenticate(visitor, person);
    accepted(await visitor.resume(flow));
    expect(await signsIn(person, password)).toBe(true);
  });

  it("another session of the same person does not set it, however fresh, and does not spoil it", async () => {
    const { visitor, person, flow, password } = await park(protocol);
    const otherDevice = await enterAs(protocol, server, person);
    expect(accepted(await otherDevice.resume(flow)).flow?.state).toBe("show_form");
    expect(await signsIn(person, password)).toBe(false);
    await authenticate(visitor, person);
    accepted(await visitor.resume(flow));
    expect(await signsIn(person, password)).toBe(true);
  });

  it("who signs in as someone else instead gets a session of their own, and nothing of it is set", async () => {
    const { visitor, person, flow, password } = await park(protocol);
    const { person: other } = await enterAsNewPerson(nativeRest, server);
    const before = accepted(await visitor.whoami());
    await authenticate(visitor, other);
    const session = accepted(await visitor.whoami());
    expect(session.identityId).toBe(other.id);
    expect(session.id).not.toBe(before.id);
    const hashes = [await passwordHashOf(server, person.id), await passwordHashOf(server, other.id)];
    expect(refused(await visitor.resume(flow)).reason).toBe("IDENTITY_MISMATCH");
    expect([await passwordHashOf(server, person.id), await passwordHashOf(server, other.id)]).toEqual(hashes);
    expect([await signsIn(person, password), await signsIn(other, password)]).toEqual([false, false]);
  });

  it("another person does not set it", async () => {
    const { visitor, person, flow, password } = await park(protocol);
    const { visitor: stranger } = await enterAsNewPerson(protocol, server);
    expect(refused(await stranger.resume(flow)).reason).toBe("IDENTITY_MISMATCH");
    expect(await signsIn(person, password)).toBe(false);
    await authenticate(visitor, person);
    accepted(await visitor.resume(flow));
  });

  it("whoever proves to be someone else does not set it", async () => {
    const { visitor, person, flow, password } = await park(protocol);
    const { person: other } = await enterAsNewPerson(protocol, server);
    await authenticate(visitor, other);
    expect(refused(await visitor.resume(flow)).reason).toBe("IDENTITY_MISMATCH");
    expect(await signsIn(person, password)).toBe(false);
    expect(await signsIn(other, password)).toBe(false);
  });

  it("another flow of the same person does not set it", async () => {
    const { visitor, person, password } = await park(protocol);
    const other = accepted(await visitor.settings.create()).id;
    await authenticate(visitor, person);
    expect(accepted(await visitor.resume(other)).flow?.state).toBe("show_form");
    expect(await signsIn(person, password)).toBe(false);
  });

  it("of two that were sent, the later one is set", async () => {
    const { visitor, person, flow, password } = await park(protocol);
    const later = newPassword();
    expect(refused(await visitor.settings.update(flow, { method: "password", password: later })).reason).toBe(
      "SESSION_REFRESH_REQUIRED",
    );
    await authenticate(visitor, person);
    accepted(await visitor.resume(flow));
    expect(await signsIn(person, password)).toBe(false);
    expect(await signsIn(person, later)).toBe(true);
  });

  it.each([
    ["that is saved", { website: "https://ada.example.com" }],
    ["that is rejected", { website: "not a url" }],
  ])("another submit %s takes the place of what waits", async (_, traits) => {
    const { visitor, person, flow, password } = await park(protocol);
    const answer = await visitor.settings.update(flow, {
      method: "profile",
      traits: { email: person.email, ...traits },
    });
    expect(answer.ok).toBe(traits.website.startsWith("https"));
    await authenticate(visitor, person);
    // A browser sees the form with what is wrong with it.
    expect((await visitor.resume(flow)).ok).toBe(answer.ok || !protocol.isForm);
    expect(await signsIn(person, password)).toBe(false);
  });

  it("it waits for a quarter of an hour", async () => {
    const early = await park(protocol);
    server.clock.advance(minutes(15) - seconds(1));
    await authenticate(early.visitor, early.person);
    accepted(await early.visitor.resume(early.flow));
    expect(await signsIn(early.person, early.password)).toBe(true);

    const late = await park(protocol);
    server.clock.advance(minutes(15));
    await authenticate(late.visitor, late.person);
    expect(accepted(await late.visitor.resume(late.flow)).flow?.state).toBe("show_form");
    expect(await signsIn(late.person, late.password)).toBe(false);
  });

  it("a password that no rule allows is told when it is resumed, and no longer waits", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(1));
    const flow = accepted(await visitor.settings.create()).id;
    expect(refused(await visitor.settings.update(flow, { method: "password", password: "short" })).reason).toBe(
      "SESSION_REFRESH_REQUIRED",
    );
    await authenticate(visitor, person);
    expect(refused(await visitor.resume(flow))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "password", id: 4000032 }],
    });
    expect(await server.sql("SELECT 1 FROM continuations WHERE flow_id = ?", [idBytes(flow)])).toEqual([]);
  });

  it("an address that was taken meanwhile is told when it is resumed", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(1));
    const flow = accepted(await visitor.settings.create()).id;
    const email = newEmail();
    refused(await visitor.settings.update(flow, { method: "profile", traits: { email } }));
    await enterAsNewPerson(protocol, server, { email });
    await authenticate(visitor, person);
    expect(refused(await visitor.resume(flow))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "", id: 4000007 }],
    });
    expect(accepted(await visitor.whoami()).traits.email).toBe(person.email);
  });

  it("sent with a version, it is set on that version only", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(1));
    const flow = accepted(await visitor.settings.create()).id;
    const password = newPassword();
    refused(
      await visitor.settings.update(flow, { method: "password", password, etag: await versionOf(server, person.id) }),
    );
    await server.sql("UPDATE identities SET version = version + 1 WHERE id = ?", [idBytes(person.id)]);
    await authenticate(visitor, person);
    expect(refused(await visitor.resume(flow)).reason).toBe("ETAG_MISMATCH");
    expect(await signsIn(person, password)).toBe(false);
  });

  it("what waits is written nowhere in the clear", async () => {
    const { password } = await park(protocol);
    expect(JSON.stringify(await everythingWritten(server))).not.toContain(password);
    const rows = await server.sql<{ ciphertext: Buffer }>("SELECT ciphertext FROM continuations");
    for (const { ciphertext } of rows) expect(ciphertext.includes(password)).toBe(false);
  });

  it("a sign-in is recent enough until the very end of its window", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create()).id;
    server.clock.advance(minutes(15) - 1);
    accepted(await visitor.settings.update(flow, { method: "password", password: newPassword() }));
    server.clock.advance(1);
    expect(refused(await visitor.settings.update(flow, { method: "password", password: newPassword() })).reason).toBe(
      "SESSION_REFRESH_REQUIRED",
    );
  });
});

describe("a person who authenticates again and again", () => {
  it("has a session whose entries do not grow without end", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    for (let times = 0; times < 20; times++) await authenticate(visitor, person);
    const { methods } = accepted(await visitor.whoami());
    expect(methods.length).toBeLessThanOrEqual(16);
    expect(new Set(methods)).toEqual(new Set(["password"]));
  });
});
