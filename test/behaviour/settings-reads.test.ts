import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDatabase } from "../../src/db/pool.ts";
import type { Database, Sql } from "../../src/db/sql.ts";
import { createSettingsStore, type SettingsRead } from "../../src/flows/settings/store.ts";
import { uuidBytes } from "../../src/lib/ids.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newPassword } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { ageSessions } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/** What shares a statement must be told apart again: everybody gets what they would have got alone. */

let server: TestServer;
let db: Database;
beforeAll(async () => {
  server = await startServer();
  db = createDatabase({ dsn: server.database.dsn, poolSize: 2 });
});
afterAll(async () => {
  await db?.close();
  await server?.stop();
});

/** Somebody with two sessions, three flows, and a change that waits in one of them. */
const somebody = async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  await enterAs(nativeRest, server, person);
  const flows = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
  await ageSessions(server, person.id);
  const waiting = accepted(await visitor.settings.create());
  refused(await visitor.settings.update(waiting.id, { method: "password", password: newPassword() }));
  const sessions = await server.sql<{ digest: Buffer }>(
    "SELECT token_digest AS digest FROM sessions WHERE identity_id = ? ORDER BY id",
    [uuidBytes(person.id)],
  );
  expect(sessions).toHaveLength(2);
  return { digests: sessions.map(({ digest }) => digest), flows: [...flows, waiting].map(({ id }) => id) };
};

it("reads that share a statement answer what each answers alone", async () => {
  const [ann, ben, cid] = [await somebody(), await somebody(), await somebody()];
  const statements: string[] = [];
  const counted: Database = Object.assign(Object.create(db), {
    query: (text: string, values: never) => {
      statements.push(text);
      return db.query(text, values);
    },
  });
  const store = createSettingsStore(counted);
  const nobody = randomBytes(32);
  const asked = [
    ...[ann, ben, cid].flatMap(({ digests: [first], flows: [, flow] }) => [[first, flow] as const]),
    // The other session of the same person: with a flow of its own, and then all flows of one session.
    ...ann.flows.map((flow) => [ann.digests[1], flow] as const),
    ...ben.flows.map((flow) => [ben.digests[0], flow] as const),
    // Somebody else's flow, none, one that is no id, and a token that is nobody's.
    [cid.digests[1], ann.flows[0]] as const,
    [cid.digests[0], randomUUID()] as const,
    [cid.digests[0], "no id"] as const,
    [nobody, ann.flows[0]] as const,
    // The same twice.
    [ann.digests[0], ann.flows[1]] as const,
  ];
  const ask = (sql: Sql, [digest = nobody, flow = ""]: (typeof asked)[number]) => store.read(sql, digest, flow);

  const together = await Promise.all(asked.map((each) => ask(counted, each)));
  const shared = statements.length;
  const alone: (SettingsRead | undefined)[] = [];
  for (const each of asked) alone.push(await ask(counted, each));

  expect(together).toEqual(alone);
  expect(together.map((read) => read?.flow?.id)).toEqual([
    ...[ann.flows[1], ben.flows[1], cid.flows[1]],
    ...[ann.flows[0], ann.flows[1], ann.flows[2]],
    ...[ben.flows[0], ben.flows[1], ben.flows[2]],
    ...[undefined, undefined, undefined, undefined],
    ann.flows[1],
  ]);
  expect(together.filter((read) => read?.parked !== undefined)).toHaveLength(2);
  expect(together.at(-2)).toBeUndefined();
  // One for a flow of each session, and one for each further flow of a session.
  expect(shared).toBe(1 + 6);
});
