import { setTimeout as sleep } from "node:timers/promises";
import type { Database, DatabaseLog } from "../db/sql.ts";
import type { Clock } from "../lib/clock.ts";
import { exponentialBackoff } from "./backoff.ts";
import type { JobKind } from "./job.ts";

/** Expired rows: those of `table` whose time has passed, `retention` milliseconds ago or more. */
export interface PurgeTask {
  readonly table: string;
  /** The column that says when: a DATETIME with an index of its own. */
  readonly expires: string;
  /** Default 0. */
  readonly retention?: number;
  /** Deletes what is older than a time, a batch, in the place of a plain DELETE. Gives how many rows it found. */
  readonly delete?: (until: Date) => Promise<number>;
}

/** What purging needs. */
export interface PurgeOptions {
  readonly db: Database;
  readonly clock: Clock;
  /** Most rows in one statement. */
  readonly batchSize: number;
  /** Milliseconds between two rounds. */
  readonly interval: number;
  readonly tasks: readonly PurgeTask[];
  readonly log?: DatabaseLog;
}

interface Step extends PurgeTask {
  readonly sql: string;
}

const PAUSE_MS = 20;
/** What is left of a backlog then goes in the next round. */
const TIMEOUT_MS = 3_600_000;
const NAME = /^[a-z][a-z0-9_]*$/;

/**
 * Creates the recurring job that deletes expired rows, on one node at a
 * time. Each batch commits by itself, so that no lock is held for long.
 */
export const createPurge = ({ db, clock, batchSize, interval, tasks, log }: PurgeOptions): JobKind => {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw new RangeError("batchSize must be a positive integer");
  const steps = tasks.map((task) => ({ ...task, sql: deleteStatement(task, batchSize) }));

  const purge = async ({ sql, retention = 0, delete: remove }: Step, signal: AbortSignal): Promise<number> => {
    let total = 0;
    for (let last = batchSize; last === batchSize; ) {
      signal.throwIfAborted();
      const until = new Date(clock.now().getTime() - retention);
      last = remove ? await remove(until) : (await db.execute(sql, [until])).affectedRows;
      total += last;
      // Others come first: a backlog of millions goes in many small steps.
      if (last === batchSize) await sleep(PAUSE_MS);
    }
    return total;
  };

  return {
    name: "purge",
    concurrency: 1,
    timeout: TIMEOUT_MS,
    every: interval,
    delay: exponentialBackoff({ first: 1_000, max: interval }),
    run: async (_, signal) => {
      const deleted: Record<string, number> = {};
      const failures: string[] = [];
      for (const step of steps) {
        const { table } = step;
        try {
          const count = await purge(step, signal);
          if (count > 0) deleted[table] = (deleted[table] ?? 0) + count;
        } catch (error) {
          // One table that cannot be purged does not keep the others.
          signal.throwIfAborted();
          failures.push(`${table}: ${error instanceof Error ? error.message : "unknown"}`);
        }
      }
      if (Object.keys(deleted).length > 0) log?.info({ deleted }, "rows that are over were purged");
      if (failures.length === 0) return undefined;
      log?.warn({ reason: failures.join("; ") }, "purging failed; it is tried again");
      return { kind: "retry", reason: failures.join("; ") };
    },
  };
};

const deleteStatement = ({ table, expires }: PurgeTask, batchSize: number): string => {
  if (!NAME.test(table) || !NAME.test(expires)) throw new TypeError("a purge task names a table and a column");
  return `DELETE FROM ${table} WHERE ${expires} <= ? ORDER BY ${expires} LIMIT ${batchSize}`;
};
