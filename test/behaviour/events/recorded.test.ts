import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { SessionAdminService } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { eventTypes, isEventType } from "../../../src/audit/event-types.ts";
import { send } from "../../protocols/http.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { change, enterAs, enterAsNewPerson, newPassword, signIn } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { protocols } from "../../protocols/protocols.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What is recorded of an account, through every protocol. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: { limits: { login: { per_identifier: 3 } } } });
});
afterAll(() => server?.stop());

interface Row {
  readonly type: string;
  readonly outcome: string;
  readonly created_at: Date;
  readonly session_id: Buffer | null;
  readonly remote_address: string;
  readonly request_id: string;
  readonly user_agent: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const rowsOf = async (identityId: string): Promise<readonly Row[]> => {
  const rows = await server.sql<Row & { readonly detail: unknown }>(
    "SELECT * FROM security_events WHERE identity_id = ? ORDER BY position",
    [idBytes(identityId)],
  );
  return rows.map((row) => ({ ...row, detail: typeof row.detail === "string" ? JSON.parse(row.detail) : row.detail }));
};
/** Refusals are not waited for by whoever is refused. */
const typesOf = (identityId: string) => expect.poll(async () => (await rowsOf(identityId)).map(({ type }) => type));

describe.each(protocols)("through $name", (protocol) => {
  it("who signs up, signs in, fails, changes something and ends a session leaves an event of each", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const other = await enterAs(protocol, server, person);
    refused(await signIn(protocol.enter(server), { email: person.email, password: "wrong one" }));
    await typesOf(person.id).toContain("login.refused");
    const nickname = `n${person.id.slice(-12)}`;
    accepted(await change(visitor, { method: "profile", traits: { email: person.email, nickname } }));
    const password = newPassword();
    accepted(await change(visitor, { method: "password", password }));
    accepted(await enterAs(protocol, server, { ...person, password }).then((third) => third.whoami()));
    expect(accepted(await other.whoami()).identityId).toBe(person.id);
    accepted(await other.revokeOthers());
    const rows = await rowsOf(person.id);
    expect(rows.map(({ type }) => type).filter((type) => type !== "login.succeeded")).toEqual([
      "registration.succeeded",
      "login.refused",
      "identifiers.changed",
      "password.changed",
      "session.ended",
    ]);
    // When, and from where.
    const request = {
      created_at: server.clock.now(),
      remote_address: "127.0.0.1",
      request_id: expect.stringMatching(/.+/),
    };
    for (const row of rows) expect(row).toMatchObject(request);
    expect(new Set(rows.map((row) => row.request_id)).size).toBe(rows.length);
    expect(rows.find(({ type }) => type === "login.succeeded")).toMatchObject({
      outcome: "done",
      detail: { method: "password", aal: "aal1" },
      session_id: expect.any(Buffer),
    });
    expect(rows.find(({ type }) => type === "login.refused")).toMatchObject({
      outcome: "refused",
      detail: { method: "password", reason: "wrong_credential" },
      session_id: null,
    });
    expect(JSON.stringify(rows)).not.toContain(person.email);
    expect(JSON.stringify(rows)).not.toContain(nickname);
  });
});

it("a sign-in that was refused is recorded with the program that asked for it", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const { id } = accepted(await nativeRest.enter(server).login.create());
  await send(`${server.url}/self-service/login?flow=${id}`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": "Example/1.0" },
    body: JSON.stringify({ method: "password", identifier: person.email, password: "wrong one" }),
  });
  await typesOf(person.id).toContain("login.refused");
  expect((await rowsOf(person.id)).at(-1)).toMatchObject({ user_agent: "Example/1.0", outcome: "refused" });
});

it("guesses beyond the limit are recorded once, however many they are", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  for (let guess = 0; guess < 6; guess++)
    refused(await signIn(nativeRest.enter(server), { email: person.email, password: "wrong one" }));
  await typesOf(person.id).toContain("login.limited");
  const limited = (await rowsOf(person.id)).filter(({ type }) => type === "login.limited");
  expect(limited).toMatchObject([{ outcome: "refused", detail: { method: "password", reason: "too_many_attempts" } }]);
});

it("what operators do says who they are, and the deletion outlives the identity", async () => {
  const call = operatorRest.call;
  const identity = IdentityAdminService.method;
  const session = SessionAdminService.method;
  const { person } = await enterAsNewPerson(nativeRest, server);
  const { id } = person;
  await enterAs(nativeRest, server, person);
  done(await call(server.adminUrl, identity.patchIdentity, { id, patch: disabling }));
  done(await call(server.adminUrl, session.deleteIdentitySessions, { id }));
  const since = (await rowsOf(id)).slice(-3);
  expect(since.map(({ type }) => type)).toEqual(["identity.patched", "identity.disabled", "session.ended"]);
  for (const { detail } of since) expect(detail).toMatchObject({ operator: expect.stringMatching(/.+/) });
  expect(since[2]?.detail).toMatchObject({ by: "operator", count: 2 });
  done(await call(server.adminUrl, identity.deleteIdentity, { id }));
  expect((await rowsOf(id)).map(({ type }) => type)).toEqual(["identity.deleted"]);
});

it("an identity that is not there leaves no event", async () => {
  const id = randomUUID();
  await operatorRest.call(server.adminUrl, IdentityAdminService.method.deleteIdentity, { id });
  expect(await rowsOf(id)).toEqual([]);
});

it("every event has a type of the list, and says no more than its type may", async () => {
  const rows = await server.sql<{ type: string; detail: unknown }>("SELECT type, detail FROM security_events");
  expect(rows.length).toBeGreaterThan(10);
  for (const { type, detail } of rows) {
    if (!isEventType(type)) throw new Error(`${type} is in no list`);
    const named = Object.keys(typeof detail === "string" ? JSON.parse(detail) : (detail as object));
    const allowed: readonly string[] = [...eventTypes[type].fields, "operator"];
    expect([type, named.filter((name) => !allowed.includes(name))]).toEqual([type, []]);
  }
});

it("many events of one person at once are counted without a gap", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const others = await Promise.all([1, 2, 3].map(() => enterAs(nativeRest, server, person)));
  const guess = () => signIn(nativeRest.enter(server), { email: person.email, password: "wrong one" });
  await Promise.all([guess(), guess(), ...others.map((other) => other.signOut())]);
  await typesOf(person.id).toHaveLength(9);
  const positions = await server.sql<{ position: number }>(
    "SELECT position FROM security_events WHERE identity_id = ? ORDER BY position",
    [idBytes(person.id)],
  );
  expect(positions.map(({ position }) => Number(position))).toEqual(positions.map((_, index) => index + 1));
});

const disabling = [{ op: "replace", path: "/state", value: "inactive" }];
