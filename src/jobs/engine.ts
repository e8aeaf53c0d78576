import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Database, DatabaseLog, Sql } from "../db/sql.ts";
import type { Aead } from "../lib/aead.ts";
import { createAlarm } from "../lib/alarm.ts";
import type { Clock } from "../lib/clock.ts";
import { uuid7 } from "../lib/ids.ts";
import { withJitter } from "./backoff.ts";
import { createDueJobs } from "./due.ts";
import type { Job, JobKind, JobResult, NewJob, PlacedJob } from "./job.ts";
import { createPayloads } from "./payloads.ts";
import { type ClaimedJob, type JobRows, mostLost, type OwnJobRows } from "./rows.ts";
import { createJobStore } from "./store.ts";
import { createJobUpkeep, type JobUpkeep } from "./upkeep.ts";

/** Does the jobs that are due, on as many nodes as share the database. */
export interface Jobs extends JobUpkeep {
  /** Queues a job in the transaction of the change that causes it. Returns its id. */
  enqueue(sql: Sql, job: NewJob): Promise<string>;
  /** Queues several jobs whose places are known, by few statements. */
  enqueueAll(sql: Sql, jobs: readonly PlacedJob[]): Promise<void>;
  /** Takes back those of a kind that are about a person, in the transaction that calls them off. */
  cancel(sql: Sql, kind: string, identityId: string): Promise<void>;
  /** Looks for due jobs at once, of one kind or of all: for after the commit of an `enqueue`. */
  wake(kind?: string): void;
  /** Begins to do jobs of these kinds. Does not wait. */
  start(kinds: readonly JobKind<unknown>[]): void;
  /**
   * Begins no more, aborts what runs, and waits for it, for some seconds at most. What was not finished is done by
   * another node, or later.
   */
  stop(): Promise<void>;
}

/** What `createJobs` needs. */
export interface JobsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly aead: Aead;
  readonly log: DatabaseLog;
  /** Milliseconds between two looks for due jobs. Default 1000. */
  readonly interval?: number;
  /** Milliseconds after which a node that gives no sign of life loses its jobs. Default 30 000. */
  readonly lease?: number;
  /** Milliseconds that what runs has to end when the engine stops. Default 10 000. */
  readonly grace?: number;
}

const INTERVAL_MS = 1_000;
const LEASE_MS = 30_000;
const GRACE_MS = 10_000;
/** Milliseconds between two looks at least: what is asked for meanwhile is looked for at once. */
const GAP_MS = 5;
/** Creates the engine. */
export const createJobs = (deps: JobsDeps): Jobs => {
  const { db, clock, aead, log, interval = INTERVAL_MS, lease = LEASE_MS, grace = GRACE_MS } = deps;
  const payloads = createPayloads(aead);
  const node = { owner: randomBytes(16), lease };
  const store = createJobStore({ db, payloads, ...node });
  const upkeep = createJobUpkeep(db, payloads);
  /** Of kinds whose jobs do not stand in `jobs`. */
  let ownRows: ReadonlyMap<string, OwnJobRows<unknown>> = new Map();
  const rowsOf = (kind: string): Omit<JobRows<unknown>, "due"> => ownRows.get(kind) ?? store;
  const due = createDueJobs(
    { due: async (kind, limit) => ownRows.get(kind)?.due(limit) ?? store.due(kind, limit) },
    interval,
  );
  const stopping = new AbortController();
  /** Of the attempts that run: aborted, they are waited for no longer. */
  const ends = new Set<AbortController>();
  const running = new Map<string, number>();
  /** By id: a job that is due is begun once, however often it is seen. */
  const underway = new Map<string, Promise<void>>();
  let kinds: ReadonlyMap<string, JobKind<unknown>> = new Map();
  let loop: Promise<void> | undefined;
  const alarm = createAlarm();
  /** Kinds of which more may be due than there was room for. */
  const backlogs = new Set<string>();
  /** Kinds to look for before the interval ends. */
  const wanted = new Set<string>();
  let lookedForAllAt = Number.NEGATIVE_INFINITY;

  const room = ({ name, concurrency }: JobKind<unknown>): number =>
    (typeof concurrency === "number" ? concurrency : concurrency()) - (running.get(name) ?? 0);

  const settle = async (job: ClaimedJob<unknown>, kind: JobKind<unknown>, result: JobResult): Promise<void> => {
    const rows = rowsOf(kind.name);
    if (result?.kind === "unconfigured")
      return rows.release(job.id, {
        delay: withJitter(result.after),
        reason: result.reason,
        attempts: job.attempt - 1,
      });
    if (result?.kind === "park" || (result && job.attempt >= (kind.maxAttempts ?? Number.POSITIVE_INFINITY))) {
      await rows.park(job.id, result.reason);
      return log.warn(
        { job: job.id, kind: kind.name, attempts: job.attempt, reason: result.reason },
        "a job was parked",
      );
    }
    if (result) {
      const delay = Math.max(result.after ?? 0, withJitter(kind.delay(job.attempt)));
      return rows.release(job.id, { delay, reason: result.reason, attempts: job.attempt });
    }
    if (kind.every === undefined) {
      const ended = performance.now();
      await rows.remove(job.id);
      return kind.settled?.(performance.now() - ended);
    }
    // The next run is the first attempt again.
    await rows.release(job.id, { delay: withJitter(kind.every), reason: "", attempts: 0 });
  };

  /** One attempt: it waits for its turn, however long that takes, and then runs for `timeout` at most. */
  const attempt = async (job: Job<unknown>, kind: JobKind<unknown>, signal: AbortSignal): Promise<JobResult> => {
    const leave = await kind.admit?.(job, signal);
    const late = new AbortController();
    const end = setTimeout(() => late.abort(new Error("it took too long")), kind.timeout);
    ends.add(late);
    try {
      // Work that does not end when it is asked to is abandoned: its job is somebody's again.
      return await Promise.race([kind.run(job, AbortSignal.any([signal, late.signal])), aborted(late.signal)]);
    } finally {
      clearTimeout(end);
      ends.delete(late);
      leave?.();
    }
  };

  /** Runs a job that is claimed, and records how it ended. The lease is prolonged as long as it waits and runs. */
  const runClaimed = async (job: ClaimedJob<unknown>, kind: JobKind<unknown>): Promise<void> => {
    const rows = rowsOf(kind.name);
    const lost = new AbortController();
    const heartbeat = setInterval(() => {
      rows.renew(job.id).then(
        (ours) => ours || lost.abort(new Error("another node took the job over")),
        () => undefined, // One missed heartbeat is no loss; the next tells.
      );
    }, lease / 3);
    const signal = AbortSignal.any([stopping.signal, lost.signal]);
    try {
      const unfit = whyUnfit(job, kind);
      if (unfit !== undefined) return await settle(job, kind, { kind: "park", reason: unfit });
      const result = await attempt(job, kind, signal).catch(failed);
      if (lost.signal.aborted) return;
      if (result && stopping.signal.aborted)
        return await rows.release(job.id, {
          delay: 0,
          reason: "the server stopped",
          attempts: job.attempt - 1,
        });
      await settle(job, kind, result);
    } finally {
      clearInterval(heartbeat);
    }
  };

  /** Gives whether more may be due now. */
  const begin = async (id: string, kind: JobKind<unknown>): Promise<boolean> => {
    running.set(kind.name, (running.get(kind.name) ?? 0) + 1);
    try {
      const job = await rowsOf(kind.name).claim(id);
      if (job) await runClaimed(job, kind);
      return job?.isOrdered === true || backlogs.has(kind.name);
    } catch (error) {
      // The lease ends by itself, and the job is due again.
      log.warn({ job: id, kind: kind.name, reason: reasonOf(error) }, "a job could not be recorded; it is tried again");
      // After a failure of the database the next look is soon enough.
      return false;
    } finally {
      running.set(kind.name, (running.get(kind.name) ?? 1) - 1);
    }
  };

  /** Begins what is due, as far as there is room. What ends makes room, and looks for what there was none for. */
  const beginDue = async (kind: JobKind<unknown>): Promise<void> => {
    backlogs.add(kind.name);
    if (room(kind) <= 0) return;
    const { ids, isAll } = await due.find(kind.name, room(kind), underway.size);
    while (ids.length > 0 && room(kind) > 0 && !stopping.signal.aborted) {
      const id = ids.shift() ?? "";
      if (underway.has(id)) continue;
      underway.set(
        id,
        begin(id, kind).then((isMoreDue) => {
          underway.delete(id);
          if (isMoreDue) wake(kind.name);
        }),
      );
    }
    if (isAll && ids.length === 0 && room(kind) > 0) backlogs.delete(kind.name);
  };

  /** Each kind is asked for by itself, so that a backlog of one keeps no other waiting. */
  const look = async (): Promise<void> => {
    const isForAll = performance.now() - lookedForAllAt >= interval / 2;
    const names = isForAll ? [...kinds.keys()] : [...wanted];
    if (isForAll) lookedForAllAt = performance.now();
    wanted.clear();
    for (const kind of names.flatMap((name) => kinds.get(name) ?? [])) await beginDue(kind);
  };

  const ensureRecurring = async (): Promise<void> => {
    for (const { name, every } of kinds.values()) if (every !== undefined) await store.ensure(name, withJitter(every));
  };

  const run = async (): Promise<void> => {
    let ensured = false;
    while (!stopping.signal.aborted) {
      try {
        if (!ensured) await ensureRecurring();
        ensured = true;
        await look();
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, "due jobs could not be read; it is tried again");
      }
      const isWoken = await alarm.wait(withJitter(interval));
      if (isWoken && !stopping.signal.aborted) await sleep(GAP_MS, undefined, { ref: false });
    }
  };

  const wake = (kind?: string): void => {
    for (const name of kind === undefined ? kinds.keys() : [kind]) wanted.add(name);
    alarm.ring();
  };

  return {
    ...upkeep,
    counts: async () => {
      const own = [...ownRows].map(async ([kind, rows]) => ({ kind, parked: false, count: await rows.count() }));
      return [...(await upkeep.counts()), ...(await Promise.all(own))];
    },
    cancel: store.cancel,

    enqueue: async (sql, job) => {
      const { id = uuid7(clock.now()) } = job;
      await store.insert(sql, { ...job, id });
      return id;
    },
    enqueueAll: (sql, all) => {
      const now = clock.now();
      return store.insertAll(
        sql,
        all.map((job) => ({ ...job, id: job.id ?? uuid7(now) })),
      );
    },
    wake,
    start: (all) => {
      kinds = new Map(all.map((kind) => [kind.name, kind]));
      ownRows = new Map(all.flatMap(({ name, rows }) => (rows ? [[name, rows(node)] as const] : [])));
      loop = run();
    },
    stop: async () => {
      stopping.abort(new Error("the server stops"));
      wake();
      const over = setTimeout(() => {
        for (const end of ends) end.abort(new Error("it did not end when it was asked to"));
      }, grace);
      await loop;
      await Promise.all(underway.values());
      clearTimeout(over);
    },
  };
};

/** Why a job is not tried at all; undefined: it is. */
const whyUnfit = ({ payload, lost }: ClaimedJob<unknown>, { maxAttempts }: JobKind<unknown>): string | undefined => {
  if (payload === undefined) return "cannot be decrypted";
  return maxAttempts !== undefined && lost >= mostLost ? `${lost} nodes were lost while they had it` : undefined;
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : "unknown");
const failed = (error: unknown): JobResult => ({ kind: "retry", reason: reasonOf(error) });
/** Rejects once a signal is aborted. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
