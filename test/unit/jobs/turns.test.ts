import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { createDeliveryAdmission } from "../../../src/jobs/admission.ts";
import { createJobs, type Jobs, type JobsDeps } from "../../../src/jobs/engine.ts";
import type { JobKind } from "../../../src/jobs/job.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

/* Jobs that are claimed, and wait for their turn behind others that take long. */

const aead = createAead({ algorithm: "aes", keys: ["k".repeat(32)] });

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

const node = (options: Partial<JobsDeps> = {}): Jobs => {
  const log = { info: () => undefined, warn: () => undefined };
  const jobs = createJobs({ db, clock: systemClock, aead, log, interval: 20, ...options });
  nodes.push(jobs);
  return jobs;
};
/** One is under way at a time, and eight more are claimed. */
const kindOf = (run: JobKind["run"], timeout: number): JobKind => {
  const admission = createDeliveryAdmission({ limit: () => 1, most: 1, isBusy: () => false });
  return {
    name: "test",
    concurrency: 9,
    timeout,
    maxAttempts: 1,
    delay: () => 10,
    admit: ({ payload }, signal) => admission.begin(1_000 - 100 * Number(payload.n), signal),
    run,
  };
};
const rows = () =>
  db.query<{ attempts: number; parked_at: Date | null; last_error: string; owner: Buffer | null }>(
    "SELECT attempts, parked_at, last_error, owner FROM jobs ORDER BY id",
  );
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(10)) if (await holds()) return;
  throw new Error("it did not come to that");
};
const forever = () => new Promise<undefined>(() => undefined);
/** How many are claimed. */
const claimed = async () => (await rows()).filter(({ attempts }) => attempts === 1).length;

describe("a job that waits for its turn", () => {
  it("keeps all of its time and attempts, and gets the place of one that never ends", async () => {
    const done: number[] = [];
    const kind = kindOf(async ({ payload }) => (payload.n === 0 || payload.n === 1 ? forever() : note(payload.n)), 250);
    const note = (n: unknown) => void done.push(Number(n)) as undefined;
    const jobs = node();
    for (let n = 0; n < 6; n++) await jobs.enqueue(db, { kind: "test", payload: { n } });
    jobs.start([kind]);
    await until(async () => (await rows()).filter(({ parked_at }) => parked_at !== null).length === 2);
    await until(async () => (await rows()).length === 2);
    expect(done.toSorted()).toEqual([2, 3, 4, 5]);
    expect((await rows()).map(({ last_error }) => last_error)).toEqual(["it took too long", "it took too long"]);
  });

  it("is given back uncounted when the server stops, and done by another node", async () => {
    const jobs = node({ grace: 50 });
    for (let n = 0; n < 4; n++) await jobs.enqueue(db, { kind: "test", payload: { n } });
    jobs.start([kindOf(forever, 60_000)]);
    await until(async () => (await claimed()) === 4);
    await jobs.stop();
    expect((await rows()).map(({ attempts, parked_at }) => [attempts, parked_at])).toEqual(Array(4).fill([0, null]));
    const attempts: number[] = [];
    node().start([kindOf(async ({ attempt }) => void attempts.push(attempt) as undefined, 60_000)]);
    await until(async () => (await rows()).length === 0);
    expect(attempts).toEqual([1, 1, 1, 1]);
  });

  it("keeps its lease meanwhile, so that no other node does it", async () => {
    const done: number[] = [];
    let end = (): void => undefined;
    const hanging = new Promise<undefined>((resolve) => {
      end = () => resolve(undefined);
    });
    const [one, two] = [node({ lease: 400 }), node({ lease: 400 })];
    for (let n = 0; n < 3; n++) await one.enqueue(db, { kind: "test", payload: { n } });
    one.start([
      kindOf(({ payload }) => {
        done.push(Number(payload.n));
        return hanging;
      }, 60_000),
    ]);
    await until(async () => (await claimed()) === 3);
    const others: unknown[] = [];
    two.start([kindOf(async ({ payload }) => void others.push(payload.n) as undefined, 60_000)]);
    await sleep(1_000);
    expect([done.length, others]).toEqual([1, []]);
    end();
    await until(async () => (await rows()).length === 0);
    expect(done.toSorted()).toEqual([0, 1, 2]);
  });
});
