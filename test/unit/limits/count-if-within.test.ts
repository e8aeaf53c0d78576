import { afterAll, beforeAll, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { uuid4 } from "../../../src/lib/ids.ts";
import { countIfWithin, countOne, createBuckets, readCounts } from "../../../src/limits/counts.ts";
import { minutes } from "../../protocols/clock.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

/* Counting in several buckets at once, in all or in none. */

let fresh: FreshDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 8 });
});
afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});

const createBucket = createBuckets("k".repeat(16));
const now = new Date("2026-01-01T00:00:00Z");
const window = minutes(10);
const bucket = (limit: number, by = 1) => ({ ...createBucket("test", uuid4(), limit), by });
const heldBy = async (...buckets: Parameters<typeof readCounts>[1]) =>
  (await readCounts(db, buckets, now)).map((count) => count?.failures);

it("counts up to the limit of each, and beyond that of one in none", async () => {
  const [narrow, wide] = [bucket(3, 2), bucket(100)];
  const count = () => countIfWithin(db, [narrow, wide], window, now, "same");
  expect(await count()).toBe(true);
  expect(await heldBy(narrow, wide)).toEqual([2, 1]);
  expect(await count()).toBe(false);
  expect(await heldBy(narrow, wide)).toEqual([2, 1]);
  expect(await countIfWithin(db, [{ ...narrow, by: 1 }, wide], window, now, "same")).toBe(true);
  expect(await heldBy(narrow, wide)).toEqual([3, 2]);
});

it("counts nothing where more is asked for at once than there is ever", async () => {
  const [narrow, wide] = [bucket(3, 4), bucket(100)];
  expect(await countIfWithin(db, [wide, narrow], window, now, "same")).toBe(false);
  expect(await heldBy(narrow, wide)).toEqual([undefined, undefined]);
});

it("begins a window that has ended again, with its own end", async () => {
  const full = bucket(1);
  const early = new Date(now.getTime() - window);
  expect(await countIfWithin(db, [full], window, early, "same")).toBe(true);
  expect(await countIfWithin(db, [full], window, early, "same")).toBe(false);
  expect(await countIfWithin(db, [full], window, now, "same")).toBe(true);
  expect((await readCounts(db, [full], now))[0]).toEqual({
    failures: 1,
    expiresAt: new Date(now.getTime() + window),
  });
});

it("goes on with what was counted otherwise, and keeps the end of its window", async () => {
  const one = bucket(2);
  const begun = new Date(now.getTime() - minutes(1));
  await countOne(db, [one], window, begun);
  expect(await countIfWithin(db, [one], window, now, "same")).toBe(true);
  expect((await readCounts(db, [one], now))[0]).toEqual({
    failures: 2,
    expiresAt: new Date(begun.getTime() + window),
  });
});

it("lets through exactly as many as the limit when all come at once", async () => {
  const shared = bucket(7);
  const counted = await Promise.all(
    Array.from({ length: 20 }, () => countIfWithin(db, [shared, bucket(1)], window, now, "same")),
  );
  expect(counted.filter((each) => each)).toHaveLength(7);
  expect(await heldBy(shared)).toEqual([7]);
});
