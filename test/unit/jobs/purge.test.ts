import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import type { JobKind } from "../../../src/jobs/job.ts";
import { createPurge } from "../../../src/jobs/purge.ts";
import { uuid7 } from "../../../src/lib/ids.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";

let fresh: FreshDatabase;
let db: Database;
const now = new Date("2026-05-01T12:00:00.000Z");
const clock = { now: () => now };
const tasks = [{ table: "flows", expires: "expires_at", retention: 1_000 }];

beforeAll(async () => {
  fresh = await freshDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 10 });
  await db.run("CREATE TABLE flows (n INT PRIMARY KEY, expires_at DATETIME(3) NOT NULL, KEY (expires_at))");
});

afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});

beforeEach(async () => {
  await db.execute("DELETE FROM flows");
  // Row n is over n milliseconds ago.
  const marks = Array.from({ length: 2_000 }, () => "(?, ?)").join(", ");
  await db.execute(
    `INSERT INTO flows VALUES ${marks}`,
    Array.from({ length: 2_000 }, (_, n) => [n, new Date(now.getTime() - n)]).flat(),
  );
});

const left = async () =>
  (await db.query<{ c: number; oldest: number }>("SELECT COUNT(*) AS c, MAX(n) AS oldest FROM flows"))[0];

const purge = (options: Partial<Parameters<typeof createPurge>[0]> = {}) =>
  createPurge({ db, clock, batchSize: 100, interval: 1_000, tasks, ...options });
const run = (kind: JobKind, signal = new AbortController().signal) =>
  kind.run({ id: uuid7(now), payload: {}, attempt: 1, position: 0 }, signal);

describe("purging", () => {
  it("deletes what has been over for long enough, and nothing else, in small batches", async () => {
    const deleted: unknown[] = [];
    const log = { info: (data: object) => void deleted.push(data), warn: () => undefined };
    expect(await run(purge({ log }))).toBeUndefined();
    expect(deleted).toEqual([{ deleted: { flows: 1_000 } }]);
    expect(await left()).toEqual({ c: 1_000, oldest: 999 });
    expect(await run(purge({ log }))).toBeUndefined();
    expect(deleted).toHaveLength(1);
  });

  it("does no harm from several nodes at once", async () => {
    await Promise.all(Array.from({ length: 4 }, () => run(purge({ batchSize: 50 }))));
    expect(await left()).toEqual({ c: 1_000, oldest: 999 });
  });

  it("goes on after a table that cannot be purged, and is tried again", async () => {
    const broken = purge({ tasks: [{ table: "missing", expires: "expires_at" }, ...tasks] });
    expect(await run(broken)).toMatchObject({ kind: "retry", reason: expect.stringContaining("missing") });
    expect(await left()).toEqual({ c: 1_000, oldest: 999 });
  });

  it("stops in the middle of a backlog", async () => {
    const stop = new AbortController();
    const going = run(purge({ batchSize: 1 }), stop.signal);
    while ((await left())?.c === 2_000) await sleep(5);
    stop.abort(new Error("enough"));
    await expect(going).rejects.toThrow("enough");
    expect((await left())?.c).toBeGreaterThan(1_000);
  });

  it("takes no table name that is more than a name", () => {
    expect(() => purge({ tasks: [{ table: "flows; DROP", expires: "x" }] })).toThrow(TypeError);
  });
});
