import { afterAll, beforeAll, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { isOutcome, notOutcomes } from "../../../src/limits/outcomes.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

let fresh: FreshDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn });
});
afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});

it("the tables of which no row is what a request asks for are all there", async () => {
  const tables = await db.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()",
  );
  const names = new Set(tables.map(({ name }) => name));
  expect([...notOutcomes].filter((name) => !names.has(name))).toEqual([]);
  expect(names.size).toBeGreaterThan(notOutcomes.size);
});

it.each([
  ["INSERT INTO identities (id) VALUES (?)", true],
  ["  insert ignore into sessions (id) VALUES (?)", true],
  ["REPLACE INTO trusted_devices (id) VALUES (?)", true],
  ["UPDATE identities SET traits = ? WHERE id = ?", true],
  ["DELETE FROM identity_credentials WHERE identity_id = ?", true],
  ["UPDATE identities SET turn = turn + 1 WHERE id = ?", false],
  ["INSERT INTO attempts (id) VALUES (?)", false],
  ["DELETE FROM flows WHERE id = ?", false],
  ["SELECT id FROM identities WHERE id = ? FOR UPDATE", false],
])("%s: %s", (sql, is) => {
  expect([isOutcome(sql), isOutcome(sql)]).toEqual([is, is]);
});
