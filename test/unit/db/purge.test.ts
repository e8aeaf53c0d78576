import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import { createPurger } from "../../../src/db/purge.ts";
import type { Database } from "../../../src/db/sql.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";

let fresh: FreshDatabase;
let db: Database;
const now = new Date("2026-05-01T12:00:00.000Z");
const clock = { now: () => now };
const tasks = [{ table: "flows", expires: "expires_at", keep: 1_000 }];

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

describe("the purger", () => {
  it("deletes what has been over for long enough, and nothing else, in small batches", async () => {
    const purger = createPurger({ db, clock, batchSize: 100, interval: 1_000, tasks });
    expect(await purger.run()).toEqual({ flows: 1_000 });
    expect(await left()).toEqual({ c: 1_000, oldest: 999 });
    expect(await purger.run()).toEqual({ flows: 0 });
  });

  it("does no harm from several nodes at once", async () => {
    const purgers = Array.from({ length: 4 }, () => createPurger({ db, clock, batchSize: 50, interval: 1_000, tasks }));
    const counts = await Promise.all(purgers.map((p) => p.run()));
    expect(counts.reduce((sum, c) => sum + (c.flows ?? 0), 0)).toBe(1_000);
    expect(await left()).toEqual({ c: 1_000, oldest: 999 });
  });

  it("works by itself between start and stop, and goes on after a failure", async () => {
    const warnings: string[] = [];
    const purger = createPurger({
      db,
      clock,
      batchSize: 400,
      interval: 40,
      tasks: [...tasks, { table: "missing", expires: "expires_at" }],
      log: { info: () => undefined, warn: (_, message) => void warnings.push(message) },
    });
    purger.start();
    while ((await left())?.c !== 1_000 || warnings.length < 2) await sleep(20);
    await purger.stop();
    const seen = warnings.length;
    await sleep(150);
    expect(warnings.length).toBe(seen);
  });

  it("stops in the middle of a backlog", async () => {
    const purger = createPurger({ db, clock, batchSize: 1, interval: 1, tasks });
    purger.start();
    while ((await left())?.c === 2_000) await sleep(5);
    await purger.stop();
    expect((await left())?.c).toBeGreaterThan(1_000);
  });

  it("takes no table name that is more than a name", () => {
    expect(() =>
      createPurger({ db, clock, batchSize: 1, interval: 1, tasks: [{ table: "flows; DROP", expires: "x" }] }),
    ).toThrow(TypeError);
  });
});
