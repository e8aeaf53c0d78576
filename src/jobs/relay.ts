import { setTimeout as sleep } from "node:timers/promises";
import type { Database, DatabaseLog, Sql } from "../db/sql.ts";
import { createAlarm } from "../lib/alarm.ts";
import { withJitter } from "./backoff.ts";
import type { Jobs } from "./engine.ts";
import type { PlacedJob } from "./job.ts";

/*
 * A change that causes work writes a row that says so, and no job: the row is marked as one whose jobs are still to be
 * queued. Afterwards a relay reads such rows in groups, and queues the jobs of all of them and takes their marks off in
 * one transaction. Whatever dies in between, each row gets its jobs once.
 */

/** A table with rows whose jobs are queued after the transaction that writes them. */
export interface RelaySource {
  /** Names it in the log and in figures: lower-case letters, digits and `_`. */
  readonly name: string;
  /**
   * Reads rows that are marked, `limit` of them at most, by an index that has nothing else. Where jobs of several rows
   * are done in order, none that comes later is read without those before it.
   */
  read(sql: Sql, limit: number): Promise<RelayGroup>;
  /** How many rows are marked. */
  count(sql: Sql): Promise<number>;
}

/** Rows that were read together. */
export interface RelayGroup {
  /** How many. */
  readonly size: number;
  /** What is queued for them. A row may have several jobs, or none. */
  readonly jobs: readonly PlacedJob[];
  /**
   * Takes the marks off, by the primary keys of the rows; gives how many still had one. It is the first statement of
   * the transaction: whoever deletes the rows of a person deletes these before their jobs, so that none is left over.
   */
  unmark(tx: Sql): Promise<number>;
}

/** Queues the jobs of marked rows. */
export interface Relay {
  /** Looks for marked rows soon: called where one is written. Without it they are found within a second. */
  wake(): void;
  /** Begins. Does not wait. */
  start(sources: readonly RelaySource[]): void;
  /** How many rows are marked, by source. */
  counts(): Promise<readonly { readonly source: string; readonly count: number }[]>;
  /** Begins no more, and waits for what is under way. Other nodes find what is left. */
  stop(): Promise<void>;
}

/** What a relay needs. */
export interface RelayDeps {
  readonly db: Database;
  readonly jobs: Pick<Jobs, "enqueueAll" | "wake">;
  readonly log: Pick<DatabaseLog, "warn">;
  /** Whether there are calls that it makes room for: then it looks less often, and finds more at once. */
  readonly isBusy: () => boolean;
  /** Milliseconds between two looks for what another node has left behind. Default 1000. */
  readonly interval?: number;
}

const INTERVAL_MS = 1_000;
/** Rows that get their jobs in one transaction, at most. */
const MOST_AT_ONCE = 64;
/** Milliseconds after `wake`, and from each of these looks to the next: the change is mostly committed by the first. */
const PAUSES_MS = [5, 20, 100] as const;
/** The shortest of them beside calls that take all there is. */
const BUSY_PAUSE_MS = 500;

/** Another node queues the jobs of the same rows, or they were deleted meanwhile: nothing was written. */
class TakenMeanwhile extends Error {}

/** Creates a relay. It has one transaction under way at a time. */
export const createRelay = ({ db, jobs, log, isBusy, interval = INTERVAL_MS }: RelayDeps): Relay => {
  let sources: readonly RelaySource[] = [];
  let loop: Promise<void> | undefined;
  let isStopping = false;
  /** Looks since the last `wake`. */
  let looks: number = PAUSES_MS.length;
  /** Ends the pause of a relay that has nothing to do. */
  const alarm = createAlarm();
  let isResting = false;

  /** Gives whether there may be more. */
  const relayGroup = async (source: RelaySource): Promise<boolean> => {
    const found = await source.read(db, MOST_AT_ONCE);
    if (found.size === 0) return false;
    try {
      await db.transaction(async (tx) => {
        if ((await found.unmark(tx)) !== found.size) throw new TakenMeanwhile();
        await jobs.enqueueAll(tx, found.jobs);
      });
    } catch (error) {
      if (!(error instanceof TakenMeanwhile)) throw error;
      await sleep(withJitter(PAUSES_MS[0]));
      return true;
    }
    for (const kind of new Set(found.jobs.map((job) => job.kind))) jobs.wake(kind);
    return found.size === MOST_AT_ONCE;
  };

  const look = async (): Promise<void> => {
    for (const source of sources) {
      try {
        while (!isStopping && (await relayGroup(source)));
      } catch (error) {
        const reason = error instanceof Error ? error.message : "unknown";
        log.warn({ source: source.name, reason }, "jobs of marked rows could not be queued; it is tried again");
      }
    }
  };

  /** Waits until it is time to look; false: it was woken, and waits anew. */
  const pause = async (): Promise<boolean> => {
    const next = PAUSES_MS[looks];
    if (next !== undefined) {
      looks += 1;
      await sleep(isBusy() ? Math.max(next, BUSY_PAUSE_MS) : next, undefined, { ref: false });
      return true;
    }
    isResting = true;
    const isWoken = await alarm.wait(withJitter(interval));
    isResting = false;
    return !isWoken;
  };

  const run = async (): Promise<void> => {
    while (!isStopping) if (await pause()) await look();
  };

  return {
    wake: () => {
      looks = 0;
      if (isResting) alarm.ring();
    },
    start: (all) => {
      sources = all;
      if (sources.length > 0) loop = run();
    },
    counts: () => Promise.all(sources.map(async ({ name, count }) => ({ source: name, count: await count(db) }))),
    stop: async () => {
      isStopping = true;
      alarm.ring();
      await loop;
    },
  };
};
