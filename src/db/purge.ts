import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../lib/clock.ts";
import type { Database, DatabaseLog } from "./sql.ts";

/** Rows that are over: those of `table` whose time in `expires` has passed, `keep` milliseconds ago or more. */
export interface PurgeTask {
  readonly table: string;
  /** A DATETIME column with an index of its own. */
  readonly expires: string;
  /** Default 0. */
  readonly keep?: number;
}

/** What the purger is made of. */
export interface PurgerOptions {
  readonly db: Database;
  readonly clock: Clock;
  /** Most rows in one statement. */
  readonly batchSize: number;
  /** Milliseconds between two rounds. */
  readonly interval: number;
  readonly tasks: readonly PurgeTask[];
  readonly log?: DatabaseLog;
}

/** Deletes rows that are over, a few at a time, for as long as the server runs. */
export interface Purger {
  /** Begins; the first round comes within one interval. Does not wait. */
  start(): void;
  /** Ends; resolves when the batch under way, if any, is done. */
  stop(): Promise<void>;
  /** One round now. Answers how many rows went, by table. */
  run(): Promise<Readonly<Record<string, number>>>;
}

const PAUSE_MS = 20;
const NAME = /^[a-z][a-z0-9_]*$/;

/**
 * Creates the purger. Each batch commits by itself, so no lock is held for
 * long, and several nodes that purge at once take turns at most. What fails is
 * logged and tried again in the next round.
 */
export const createPurger = ({ db, clock, batchSize, interval, tasks, log }: PurgerOptions): Purger => {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw new RangeError("batchSize must be a positive integer");
  const steps = tasks.map((task) => ({ ...task, sql: deleteStatement(task, batchSize) }));
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<unknown> = Promise.resolve();
  let stopped = false;

  const run = async () => {
    const counts: Record<string, number> = {};
    for (const { table, sql, keep = 0 } of steps) {
      let total = 0;
      let last = batchSize;
      while (last === batchSize && !stopped) {
        last = (await db.execute(sql, [new Date(clock.now().getTime() - keep)])).affectedRows;
        total += last;
        // Others come first: a backlog of millions goes in many small steps.
        if (last === batchSize) await sleep(PAUSE_MS);
      }
      counts[table] = (counts[table] ?? 0) + total;
    }
    return counts;
  };

  const quietly = async () => {
    try {
      const counts = await run();
      if (Object.values(counts).some((n) => n > 0)) log?.info({ deleted: counts }, "rows that are over were purged");
    } catch (error) {
      log?.warn({ reason: error instanceof Error ? error.message : "unknown" }, "purging failed; it is tried again");
    }
  };

  const schedule = () => {
    // Nodes that started together drift apart.
    timer = setTimeout(
      () => {
        round = quietly().then(() => {
          if (!stopped) schedule();
        });
      },
      interval * (0.5 + Math.random() / 2),
    );
    timer.unref();
  };

  return {
    start: () => {
      stopped = false;
      schedule();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await round;
    },
    run,
  };
};

const deleteStatement = ({ table, expires }: PurgeTask, batchSize: number): string => {
  if (!NAME.test(table) || !NAME.test(expires)) throw new TypeError("a purge task names a table and a column");
  return `DELETE FROM ${table} WHERE ${expires} <= ? ORDER BY ${expires} LIMIT ${batchSize}`;
};
