import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connections.ts";
import type { Affected, Repeatable } from "./sql.ts";
import { DatabaseUnavailable, isDuplicate, SqlError } from "./sql-error.ts";

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;
/** How often a statement is sent at most when its connection breaks, or the server is there and does not serve. */
const SENDINGS = 5;

/** Two that collided must not collide again: waits for anywhere between half and all of a pause that doubles. */
export const pauseBeforeAttempt = (attempt: number): Promise<void> =>
  sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2));

/** What repeats statements that commit by themselves. */
export interface RepeatDeps {
  borrow(): Promise<Connection>;
  /** Milliseconds from its first sending on in which a statement is sent again. */
  readonly within: number;
  onRepeat(error: Error, attempt: number): void;
}

/** What a statement may do when nobody knows whether it was carried out. */
export type AfterLoss = "read" | Repeatable | undefined;

/**
 * Creates what runs one statement by itself, again where that does no harm:
 * what a conflict undid and what was never begun always, what was lost on the
 * way only if `afterLoss` says how. What is not known to have been done or not
 * done is neither reported as the one nor as the other: it throws
 * `DatabaseUnavailable` with `outcome: "unknown"`.
 */
export const createRepeat =
  ({ borrow, within, onRepeat }: RepeatDeps) =>
  async <T>(work: (connection: Connection) => Promise<T>, afterLoss: AfterLoss): Promise<T | Affected> => {
    const until = Date.now() + within;
    let isInDoubt = false;
    for (let attempt = 1; ; attempt++) {
      // Finding a connection has second tries of its own.
      const connection = await (isInDoubt ? borrow().catch(failInDoubt) : borrow());
      try {
        const value = await work(connection);
        connection.release();
        return value;
      } catch (error) {
        giveBack(connection, error);
        // The id is ours alone: the row is there because the sending that was lost has put it there.
        if (isInDoubt && afterLoss === "own-id" && isDuplicate(error, "PRIMARY")) return { affectedRows: 1 };
        if (Date.now() >= until || !mayRepeat(error, attempt, afterLoss)) throw asKnown(error, isInDoubt);
        isInDoubt ||= afterLoss !== "read" && isUnknown(error);
        onRepeat(error, attempt);
      }
      await pauseBeforeAttempt(attempt);
    }
  };

const failInDoubt = (error: unknown): never => {
  throw asKnown(error, true);
};

/** Gives a connection back after a failure; one that broke is ended. */
const giveBack = (connection: Connection, error: unknown): void =>
  error instanceof DatabaseUnavailable ? connection.destroy() : connection.release();

const isUnknown = (error: unknown): boolean => error instanceof DatabaseUnavailable && error.outcome === "unknown";

const mayRepeat = (error: unknown, attempt: number, afterLoss: AfterLoss): error is Error => {
  if (afterLoss === "once") return false;
  if (error instanceof SqlError) return error.transient;
  if (!(error instanceof DatabaseUnavailable) || error.reason === "timeout" || attempt >= SENDINGS) return false;
  return error.reason === "refused" || afterLoss !== undefined;
};

/** The error to report. In doubt an earlier sending may have been carried out, whatever became of the last. */
const asKnown = (error: unknown, isInDoubt: boolean): unknown => {
  if (!isInDoubt) return error;
  if (error instanceof DatabaseUnavailable)
    return new DatabaseUnavailable(error.message, error.reason, { outcome: "unknown" });
  return error instanceof SqlError && error.transient ? new DatabaseUnavailable(error.message, "lost") : error;
};
