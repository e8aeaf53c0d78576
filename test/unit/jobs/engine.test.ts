import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { createJobs, type Jobs, type JobsDeps } from "../../../src/jobs/engine.ts";
import type { Job, JobKind } from "../../../src/jobs/job.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { uuidBytes } from "../../../src/lib/ids.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

const aead = createAead({ algorithm: "aes", keys: ["k".repeat(32)] });
const silentLog = { info: () => undefined, warn: () => undefined };

let fresh: FreshDatabase;
let db: Database;
let nodes: Jobs[] = [];

beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 10 });
});

afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});

beforeEach(async () => {
  await db.execute("DELETE FROM jobs");
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  nodes = [];
});

/** A node of its own on the one database. */
const node = (options: Partial<JobsDeps> = {}): Jobs => {
  const jobs = createJobs({ db, clock: systemClock, aead, log: silentLog, interval: 20, ...options });
  nodes.push(jobs);
  return jobs;
};
const kindOf = (run: JobKind["run"], options: Partial<JobKind> = {}): JobKind => ({
  name: "test",
  concurrency: 4,
  timeout: 60_000,
  delay: () => 10,
  run,
  ...options,
});
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(10)) if (await holds()) return;
  throw new Error("it did not come to that");
};
const rows = () =>
  db.query<{ attempts: number; parked_at: Date | null; last_error: string; payload: Buffer }>(
    "SELECT attempts, parked_at, last_error, payload FROM jobs ORDER BY id",
  );

describe("jobs", () => {
  it("are each done once, whichever of several nodes takes them, and leave nothing behind", async () => {
    const done: number[] = [];
    const kind = kindOf(async ({ payload }) => {
      await sleep(1);
      done.push(Number(payload.n));
      return undefined;
    });
    const all = [node(), node(), node()];
    for (const each of all) each.start([kind]);
    for (let n = 0; n < 60; n++) await all[n % 3]?.enqueue(db, { kind: "test", payload: { n } });
    await until(async () => (await rows()).length === 0);
    expect([...done].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n));
  });

  it("are queued with the transaction that causes them, or not at all", async () => {
    const jobs = node();
    const failing = db.transaction(async (tx) => {
      await jobs.enqueue(tx, { kind: "test", payload: {} });
      throw new Error("rolled back");
    });
    await expect(failing).rejects.toThrow("rolled back");
    expect(await rows()).toEqual([]);
  });

  it("wait encrypted", async () => {
    await node().enqueue(db, { kind: "test", payload: { code: "canary-123456" } });
    const [row] = await rows();
    expect(row?.payload.includes("canary")).toBe(false);
  });

  it("are tried again after a failure, with the id that they had, and parked after the last", async () => {
    const seen: Job[] = [];
    const kind = kindOf(
      async (job) => {
        seen.push(job);
        if (job.attempt === 1) throw new Error("first");
        return { kind: "retry", reason: `attempt ${job.attempt}` };
      },
      { maxAttempts: 3 },
    );
    const jobs = node();
    jobs.start([kind]);
    const id = await jobs.enqueue(db, { kind: "test", payload: {} });
    await until(async () => (await rows())[0]?.parked_at != null);
    expect(seen.map(({ id: each, attempt }) => [each, attempt])).toEqual([1, 2, 3].map((n) => [id, n]));
    expect(await rows()).toMatchObject([{ attempts: 3, last_error: "attempt 3" }]);
    expect(await jobs.counts()).toEqual([{ kind: "test", parked: true, count: 1 }]);
  });

  it("wait as long as a receiver asks for", async () => {
    const times: number[] = [];
    const kind = kindOf(async ({ attempt }) => {
      times.push(Date.now());
      return attempt === 1 ? { kind: "retry", reason: "busy", after: 300 } : undefined;
    });
    const jobs = node();
    jobs.start([kind]);
    await jobs.enqueue(db, { kind: "test", payload: {} });
    await until(() => times.length === 2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(290);
  });

  it("of one key are done one after the other, by position, while others go on", async () => {
    const done: string[] = [];
    let open = 0;
    const kind = kindOf(
      async ({ payload, attempt }) => {
        const { key, n } = payload as { key: string; n: number };
        if (key === "a") expect(++open).toBe(1);
        await sleep(5);
        if (key === "a") open--;
        if (n === 0 && attempt === 1) return { kind: "retry", reason: "once more" };
        done.push(`${key}${n}`);
        return undefined;
      },
      { delay: () => 100 },
    );
    const [one, two] = [node(), node()];
    for (const n of [2, 0, 1])
      for (const key of ["a", "b"])
        await one.enqueue(db, { kind: "test", payload: { key, n }, order: { key: Buffer.from(key), position: n } });
    await one.enqueue(db, { kind: "test", payload: { key: "c", n: 9 } });
    one.start([kind]);
    two.start([kind]);
    await until(() => done.length === 7);
    expect(done.filter((each) => each.startsWith("a"))).toEqual(["a0", "a1", "a2"]);
    expect(done.filter((each) => each.startsWith("b"))).toEqual(["b0", "b1", "b2"]);
    expect(done[0]).toBe("c9");
  });

  it("of a backlog are done one after the other, and wait for no interval", async () => {
    let done = 0;
    const jobs = node({ interval: 3_600_000 });
    const kind = kindOf(
      async () => {
        done += 1;
        return undefined;
      },
      { concurrency: 10 },
    );
    for (let n = 0; n < 150; n++) await jobs.enqueue(db, { kind: "test", payload: {} });
    jobs.start([kind]);
    await until(async () => done === 150 && (await rows()).length === 0);
  });

  it("of one kind keep those of another kind from nothing, however many are due", async () => {
    let slow = 0;
    const done: string[] = [];
    const crowd = kindOf(
      async () => {
        slow += 1;
        await sleep(50);
        return undefined;
      },
      { name: "crowd", concurrency: 1 },
    );
    const other = kindOf(async ({ id }) => void done.push(id) as undefined, { name: "other" });
    const jobs = node();
    for (let n = 0; n < 150; n++) await jobs.enqueue(db, { kind: "crowd", payload: {} });
    const id = await jobs.enqueue(db, { kind: "other", payload: {} });
    jobs.start([crowd, other]);
    await until(() => done.length === 1);
    expect(done).toEqual([id]);
    expect(slow).toBeLessThan(20);
  });

  it("go on behind one that is parked", async () => {
    const done: number[] = [];
    const kind = kindOf(async ({ payload }) => {
      if (payload.n === 0) return { kind: "park", reason: "poison" };
      done.push(Number(payload.n));
      return undefined;
    });
    const jobs = node();
    for (const n of [0, 1])
      await jobs.enqueue(db, { kind: "test", payload: { n }, order: { key: Buffer.from("k"), position: n } });
    jobs.start([kind]);
    await until(() => done.length === 1);
    await expect.poll(rows).toMatchObject([{ last_error: "poison" }]);
  });

  it("of a node that gives no sign of life are taken over by another, and lose no attempt", async () => {
    const jobs = node({ lease: 200 });
    await jobs.enqueue(db, { kind: "test", payload: {} });
    // As a node leaves it that was killed in the middle.
    await db.execute(
      "UPDATE jobs SET owner = ?, attempts = 1, run_at = UTC_TIMESTAMP(3) + INTERVAL 200000 MICROSECOND",
      [Buffer.alloc(16, 7)],
    );
    const seen: number[] = [];
    jobs.start([kindOf(async ({ attempt }) => void seen.push(attempt) as undefined)]);
    await until(() => seen.length === 1);
    expect(seen).toEqual([1]);
  });

  it("that one node after the other was lost with are tried no more, unless they are never parked", async () => {
    const jobs = node();
    const seen: string[] = [];
    const kinds = [
      kindOf(async ({ id }) => void seen.push(id) as undefined, { name: "ends", maxAttempts: 3 }),
      kindOf(async ({ id }) => void seen.push(id) as undefined, { name: "never" }),
    ];
    const ids: string[] = [];
    for (const kind of ["ends", "ends", "never"]) ids.push(await jobs.enqueue(db, { kind, payload: {} }));
    // As nine nodes and eight leave them, and one that is killed in the middle.
    await db.execute("UPDATE jobs SET owner = ?, attempts = 1, lost = 9", [Buffer.alloc(16, 7)]);
    await db.execute("UPDATE jobs SET lost = 8 WHERE id = ?", [uuidBytes(ids[1] ?? "")]);
    jobs.start(kinds);
    await until(async () => seen.length === 2 && (await rows())[0]?.parked_at != null);
    expect(seen.toSorted()).toEqual(ids.slice(1).toSorted());
    await until(async () => (await rows()).length === 1);
    expect(await rows()).toMatchObject([{ attempts: 1, last_error: "10 nodes were lost while they had it" }]);
  });

  it("count the nodes that were lost with them from their last attempt that ended", async () => {
    const jobs = node();
    await jobs.enqueue(db, { kind: "test", payload: {} });
    await db.execute("UPDATE jobs SET owner = ?, attempts = 1, lost = 8", [Buffer.alloc(16, 7)]);
    jobs.start([kindOf(async () => ({ kind: "retry", reason: "later", after: 60_000 }), { maxAttempts: 3 })]);
    const counted = () => db.query("SELECT attempts, lost FROM jobs WHERE owner IS NULL");
    await until(async () => (await counted()).length === 1);
    expect(await counted()).toEqual([{ attempts: 1, lost: 0 }]);
  });

  it("keep their lease for as long as they run", async () => {
    let runs = 0;
    const kind = kindOf(async () => {
      runs += 1;
      await sleep(1_000);
      return undefined;
    });
    const [one, two] = [node({ lease: 400 }), node({ lease: 400 })];
    await one.enqueue(db, { kind: "test", payload: {} });
    one.start([kind]);
    two.start([kind]);
    await until(async () => (await rows()).length === 0);
    expect(runs).toBe(1);
  });

  it("are aborted when their lease is lost, and not recorded by the node that lost them", async () => {
    let [begun, aborted] = [false, false];
    const kind = kindOf(async (_, signal) => {
      begun = true;
      await sleep(5_000, undefined, { signal }).catch(() => {
        aborted = true;
      });
      signal.throwIfAborted();
      return undefined;
    });
    const jobs = node({ lease: 150 });
    jobs.start([kind]);
    await jobs.enqueue(db, { kind: "test", payload: {} });
    const other = Buffer.alloc(16, 9);
    // One that is claimed and not read yet would not be begun at all.
    await until(() => begun);
    await db.execute("UPDATE jobs SET owner = ?, run_at = UTC_TIMESTAMP(3) + INTERVAL 60 SECOND", [other]);
    await until(() => aborted);
    expect(await db.query("SELECT id FROM jobs WHERE owner = ?", [other])).toHaveLength(1);
  });

  it("are somebody's again when an attempt does not end, whatever it waits for", async () => {
    const seen: number[] = [];
    const kind = kindOf(
      async ({ attempt }) => {
        seen.push(attempt);
        if (attempt === 1) await new Promise(() => undefined);
        return undefined;
      },
      { timeout: 100 },
    );
    const jobs = node();
    jobs.start([kind]);
    await jobs.enqueue(db, { kind: "test", payload: {} });
    await until(async () => (await rows()).length === 0);
    expect(seen).toEqual([1, 2]);
  });

  it("that come together are claimed, and removed, by few statements", async () => {
    let writes = 0;
    const counting: Database = {
      ...db,
      execute: (sql, ...more) => {
        writes += 1;
        return db.execute(sql, ...more);
      },
    };
    const jobs = node({ db: counting });
    for (let n = 0; n < 16; n++) await jobs.enqueue(db, { kind: "test", payload: {} });
    jobs.start([kindOf(async () => undefined, { concurrency: 16 })]);
    await until(async () => (await rows()).length === 0);
    expect(writes).toBeLessThanOrEqual(8);
  });

  it("are given back uncounted when the server stops", async () => {
    const kind = kindOf(async (_, signal) => {
      await sleep(60_000, undefined, { signal });
      return undefined;
    });
    const jobs = node();
    jobs.start([kind]);
    await jobs.enqueue(db, { kind: "test", payload: {} });
    await until(async () => (await rows())[0]?.attempts === 1);
    await jobs.stop();
    expect(await rows()).toMatchObject([{ attempts: 0, parked_at: null }]);
  });

  it("hold up the stop of a server for so long and no longer, whatever they wait for", async () => {
    const jobs = node({ grace: 50 });
    jobs.start([kindOf(() => new Promise(() => undefined))]);
    await jobs.enqueue(db, { kind: "test", payload: {} });
    await until(async () => (await rows())[0]?.attempts === 1);
    await jobs.stop();
    expect(await rows()).toMatchObject([{ attempts: 0, parked_at: null }]);
  });

  it("that cannot be decrypted any more are parked, not lost", async () => {
    await node().enqueue(db, { kind: "test", payload: {} });
    const other = node({ aead: createAead({ algorithm: "aes", keys: ["x".repeat(32)] }) });
    other.start([kindOf(async () => undefined)]);
    await until(async () => (await rows())[0]?.parked_at != null);
    expect(await rows()).toMatchObject([{ last_error: "cannot be decrypted" }]);
  });

  it("that recur exist once and run on one node at a time", async () => {
    let open = 0;
    let runs = 0;
    const kind = kindOf(
      async () => {
        expect(++open).toBe(1);
        await sleep(5);
        open--;
        runs += 1;
        return undefined;
      },
      { every: 20 },
    );
    for (const each of [node(), node(), node()]) each.start([kind]);
    await until(() => runs >= 5);
    expect(await rows()).toHaveLength(1);
  });
});
