import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { SessionAdminService } from "../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { personTables } from "../../src/identity/erase.ts";
import { minutes } from "../protocols/clock.ts";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { done, operatorRest, reasonOf } from "../protocols/operators.ts";
import { signIn } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import {
  moveInto,
  recordedConfiguration,
  recordedNow,
  recordedPeople,
  recordedRows,
  recordedSource,
  type SourceDatabase,
} from "./source-database.ts";

/* A move that is run again while the source goes on, and people who cannot come along. */

const configuration = recordedConfiguration();
const people = recordedPeople();
const [ann, ben, cleo] = people as unknown as [(typeof people)[0], (typeof people)[0], (typeof people)[0]];
const rpc = IdentityAdminService.method;
let [server, source]: [TestServer, SourceDatabase] = [] as never;
beforeAll(async () => {
  server = await startServer({ overrides: configuration, now: recordedNow, wait: async () => undefined });
});
beforeEach(async () => {
  for (const [table] of personTables) await server.sql(`DELETE FROM ${table}`);
  await server.sql("DELETE FROM moved_identities");
  source = await recordedSource();
});
afterEach(() => source?.close());
afterAll(() => server?.stop());

const again = (options: Parameters<typeof moveInto>[2] = {}) => moveInto(server, source, { configuration, ...options });
const there = (sql: string, ...values: unknown[]) => source.connection.query(sql, values);
const get = (id: string) => operatorRest.call(server.adminUrl, rpc.getIdentity, { id });
const got = async (id: string) => done(await get(id)).identity as JsonObject;
const whoami = (token: string | undefined) =>
  send(`${server.url}/sessions/whoami`, { headers: { accept: "application/json", "x-session-token": token } });
const later = "2026-11-27 13:59:00";

it("what changed at the source comes along with the next run, and nothing else is written", async () => {
  await again();
  await there(
    "UPDATE identities SET traits = JSON_SET(traits, '$.name.first', 'Anna'), updated_at = ? WHERE id = ?",
    later,
    ann.id,
  );
  await there("UPDATE sessions SET active = 0, updated_at = ? WHERE identity_id = ?", later, ben.id);
  await there(
    `UPDATE identity_verifiable_addresses SET verified = 1, status = 'completed', verified_at = ?, updated_at = ?
      WHERE identity_id = ?`,
    later,
    later,
    cleo.id,
  );
  expect((await whoami(ben.sessions[0]?.token)).status).toBe(200);
  expect(await again()).toMatchObject({ moved: 0, changed: 3, unchanged: 29, refused: 0 });
  expect(await got(ann.id)).toMatchObject({ traits: { name: { first: "Anna" } } });
  expect((await whoami(ben.sessions[0]?.token)).status).toBe(401);
  expect(await got(cleo.id)).toMatchObject({ verifiable_addresses: [{ verified: true, status: "completed" }] });
  for (const person of [ann, cleo]) accepted(await signIn(nativeRest.enter(server), person));
  expect((await whoami(ann.sessions[0]?.token)).status).toBe(200);
  expect(await again()).toMatchObject({ moved: 0, changed: 0, unchanged: 32 });
});

it("what a replica that lags gives undoes nothing that was imported, and is named", async () => {
  const [before] = recordedRows("identities").filter(({ id }) => id === ann.id);
  const [address] = recordedRows("identity_verifiable_addresses").filter((row) => row.identity_id === cleo.id);
  await again();
  await there(
    "UPDATE identities SET traits = JSON_SET(traits, '$.name.first', 'Anna'), updated_at = ? WHERE id = ?",
    later,
    ann.id,
  );
  const setAddress = (verified: number, at: unknown) =>
    there(
      "UPDATE identity_verifiable_addresses SET verified = ?, updated_at = ? WHERE identity_id = ?",
      verified,
      at,
      cleo.id,
    );
  await setAddress(1, later);
  expect(await again()).toMatchObject({ changed: 2, kept: 0 });
  await there(
    "UPDATE identities SET traits = ?, updated_at = ? WHERE id = ?",
    before?.traits,
    before?.updated_at,
    ann.id,
  );
  await setAddress(0, address?.updated_at);
  const lagging = await again();
  expect(lagging).toMatchObject({ changed: 0, kept: 2, unchanged: 30 });
  expect(lagging.people.map(({ id, explain }) => [id, explain])).toEqual(
    expect.arrayContaining([ann, cleo].map(({ id }) => [id, expect.stringContaining("a replica that lags")])),
  );
  expect(await got(ann.id)).toMatchObject({ traits: { name: { first: "Anna" } } });
  expect(await got(cleo.id)).toMatchObject({ verifiable_addresses: [{ verified: true }] });
});

it("a second change with the same time is noticed, though the clock of its server is behind", async () => {
  const rename = (name: string, at: unknown) =>
    there(
      "UPDATE identities SET traits = JSON_SET(traits, '$.name.first', ?), updated_at = ? WHERE id = ?",
      name,
      at,
      ann.id,
    );
  const [rows] = await source.connection.query("SELECT UTC_TIMESTAMP() - INTERVAL 30 SECOND AS behind");
  const [{ behind }] = rows as [{ behind: Date }];
  await again();
  await rename("Anna", behind);
  expect(await again()).toMatchObject({ changed: 1 });
  await rename("Anne", behind);
  expect(await again()).toMatchObject({ changed: 1 });
  expect(await got(ann.id)).toMatchObject({ traits: { name: { first: "Anne" } } });
  // By another server, whose clock is behind that of the first.
  await rename("Annie", new Date(behind.getTime() - 20_000));
  expect(await again()).toMatchObject({ changed: 1, kept: 0 });
  expect(await got(ann.id)).toMatchObject({ traits: { name: { first: "Annie" } } });
  expect(await again()).toMatchObject({ changed: 0, unchanged: 32 });
});

it("of two runs at once each person comes with one, and neither refuses anybody", async () => {
  const both = await Promise.all([again(), again()]);
  for (const { moved, unchanged, refused, kept } of both)
    expect({ all: moved + unchanged, refused, kept }).toEqual({ all: 32, refused: 0, kept: 0 });
  expect(both.reduce((sum, { moved }) => sum + moved, 0)).toBe(32);
  expect(await again()).toMatchObject({ moved: 0, changed: 0, unchanged: 32 });
  accepted(await signIn(nativeRest.enter(server), ann));
  expect((await whoami(ben.sessions[0]?.token)).status).toBe(200);
});

it("whom another run brought after the list was read stays, though the list lacks them", async () => {
  await there("DELETE FROM identities WHERE id = ?", ben.id);
  await again();
  let arrived: Awaited<ReturnType<typeof again>> | undefined;
  const report = await again({
    onListed: async ({ after, before }) => {
      if (ben.id <= after || ben.id >= before || arrived !== undefined) return;
      await source.insert(
        "identities",
        recordedRows("identities").filter(({ id }) => id === ben.id),
      );
      arrived = await again();
    },
  });
  expect(arrived).toMatchObject({ moved: 1, unchanged: 31 });
  expect(report).toMatchObject({ deleted: 0, moved: 0 });
  expect(await got(ben.id)).toMatchObject({ id: ben.id });
  expect(await again()).toMatchObject({ moved: 0, deleted: 0, unchanged: 32 });
});

describe("a session that goes on here", () => {
  const [first, second] = ["2026-11-27 14:20:00", "2026-11-27 14:40:00"];
  const sessionOf = async ({ sessions: [session] }: typeof ann) => {
    const { status, json } = await whoami(session?.token);
    return status === 200 ? { id: String(json.id), expires: String(json.expires_at).slice(0, 16) } : undefined;
  };
  const expireThere = (id: string, at: string) =>
    there("UPDATE sessions SET expires_at = ?, updated_at = ? WHERE identity_id = ?", at, at, id);
  const extendHere = async (person: typeof ann) => {
    const id = (await sessionOf(person))?.id ?? "";
    done(await operatorRest.call(server.adminUrl, SessionAdminService.method.extendSession, { id }));
  };

  it("is as long as it was made here, and follows the source where nothing was", async () => {
    for (const { id } of [ann, ben]) await expireThere(id, first);
    await again();
    await extendHere(ann);
    const extended = await sessionOf(ann);
    expect(extended?.expires).not.toBe("2026-11-27T14:20");
    for (const { id } of [ann, ben]) await expireThere(id, second);
    await again();
    expect(await sessionOf(ann)).toEqual(extended);
    expect((await sessionOf(ben))?.expires).toBe("2026-11-27T14:40");
  });

  it("outlives its end at the source, but not that it is ended there", async () => {
    for (const { id } of [ann, ben]) await expireThere(id, first);
    await again();
    await extendHere(ann);
    await extendHere(ben);
    // Both live here still; at the source one is ended, and the other runs out.
    await there("UPDATE sessions SET active = 0, updated_at = ? WHERE identity_id = ?", second, ben.id);
    await again();
    expect(await sessionOf(ben)).toBeUndefined();
    server.clock.advance(minutes(30));
    await there("UPDATE sessions SET updated_at = ? WHERE identity_id = ?", second, ann.id);
    await again();
    expect(await sessionOf(ann)).toBeDefined();
    // A server that cleans up has no row of it any more.
    await there("DELETE FROM sessions WHERE identity_id = ?", ann.id);
    await again();
    expect(await sessionOf(ann)).toBeDefined();
  });
});

it("who signed up or in at the source meanwhile comes along, who was deleted there is deleted here", async () => {
  await there("DELETE FROM identities WHERE id = ?", ann.id);
  expect(await again()).toMatchObject({ found: 31, moved: 31 });
  await there("DELETE FROM identities WHERE id = ?", ben.id);
  expect(await again()).toMatchObject({ deleted: 1, unchanged: 30 });
  expect(reasonOf(await get(ben.id))).toBe("NOT_FOUND");
  expect(
    await server.sql("SELECT 1 FROM identity_identifiers WHERE identifier = ?", [ben.email.toLowerCase()]),
  ).toEqual([]);
  await source.insert(
    "identities",
    recordedRows("identities").filter(({ id }) => id === ben.id),
  );
  expect(await again()).toMatchObject({ moved: 1, unchanged: 30 });
});

it("who was changed, used or deleted here since stays as they are here, and is named", async () => {
  await again();
  done(
    await operatorRest.call(server.adminUrl, rpc.patchIdentity, {
      id: ann.id,
      patch: [{ op: "add", path: "/metadata_public", value: { here: true } }],
    }),
  );
  accepted(await signIn(nativeRest.enter(server), ben));
  done(await operatorRest.call(server.adminUrl, rpc.deleteIdentity, { id: cleo.id }));
  for (const { id } of [ann, ben, cleo])
    await there("UPDATE identities SET metadata_public = '{\"there\": true}', updated_at = ? WHERE id = ?", later, id);
  const report = await again();
  expect(report).toMatchObject({ moved: 0, changed: 0, kept: 3, unchanged: 29 });
  expect(report.people.map(({ id }) => id).sort()).toEqual([ann.id, ben.id, cleo.id].sort());
  expect(await got(ann.id)).toMatchObject({ metadata_public: { here: true } });
  expect(reasonOf(await get(cleo.id))).toBe("NOT_FOUND");
});

it("who has an identifier, an address or the id of somebody here is named, and the others come along", async () => {
  const create = (email: string) => operatorRest.call(server.adminUrl, rpc.createIdentity, { traits: { email } });
  const { id } = done(await create(ann.email)).identity as { id: string };
  const expected = { moved: 31, refused: 1, reasons: { conflict: 1 } };
  const [check, report] = [await again({ dryRun: true }), await again()];
  for (const each of [check, report]) {
    expect(each).toMatchObject(expected);
    expect(each.people).toEqual([
      { id: ann.id, reason: "conflict", explain: expect.stringContaining(`belongs to ${id} here`) },
    ]);
  }
  expect(JSON.stringify(report)).not.toContain("example.com");
  done(await operatorRest.call(server.adminUrl, rpc.deleteIdentity, { id }));
  expect(await again()).toMatchObject({ moved: 1, unchanged: 31, refused: 0 });
  accepted(await signIn(nativeRest.enter(server), ann));
});

it("rows that are broken, and schemas that nobody configured, are named by the person; the rest comes", async () => {
  await there("ALTER TABLE identity_credentials MODIFY config LONGTEXT");
  await there("ALTER TABLE identities MODIFY traits LONGTEXT");
  await there("UPDATE identity_credentials SET config = '{' WHERE identity_id = ?", ann.id);
  await there("UPDATE identities SET traits = '[]' WHERE id = ?", ben.id);
  await there("UPDATE identities SET schema_id = 'gone' WHERE id = ?", cleo.id);
  const report = await again();
  expect(report).toMatchObject({ moved: 29, refused: 3 });
  expect(Object.fromEntries(report.people.map(({ id, reason }) => [id, reason]))).toEqual({
    [ann.id]: "broken",
    [ben.id]: "broken",
    [cleo.id]: "unknown_schema",
  });
  expect(report.reasons).toMatchObject({ broken: 2, 'its identity schema "gone" is not configured': 1 });
});

it("what nobody signs in with here stays behind, and is counted", async () => {
  await there(
    `UPDATE identity_credentials SET config = ? WHERE identity_id = ?
      AND JSON_EXTRACT(config, '$.hashed_password') IS NOT NULL`,
    JSON.stringify({ hashed_password: "$unknown$1$2" }),
    ann.id,
  );
  await there("UPDATE identities SET organization_id = UUID() WHERE id = ?", ben.id);
  const type = recordedRows("identity_credential_types").find(({ name }) => name === "saml");
  await there(
    "UPDATE identity_credentials SET identity_credential_type_id = ? WHERE identity_id = ? AND JSON_LENGTH(config) = 0",
    type?.id,
    cleo.id,
  );
  const report = await again();
  expect(report).toMatchObject({
    moved: 32,
    left: { password_hash_of_an_unknown_form: 1, organization: 1, saml: 1 },
  });
  // The identifiers are theirs all the same: a recovery leads to a new password.
  expect(await got(ann.id)).toMatchObject({ credentials: { password: { identifiers: [ann.email.toLowerCase()] } } });
});

it("a check writes nothing", async () => {
  const report = await again({ dryRun: true });
  expect(report).toMatchObject({ found: 32, moved: 32, refused: 0 });
  for (const table of ["identities", "identity_credentials", "sessions", "moved_identities"])
    expect(await server.sql(`SELECT 1 FROM ${table}`)).toEqual([]);
});
