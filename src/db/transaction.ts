import { currentObservation } from "./committed-writes.ts";
import type { Connection, Connections } from "./connections.ts";
import { pauseBeforeAttempt } from "./repeat.ts";
import { createRowWrites } from "./row-writes.ts";
import type { Affected, Sql, TransactionOptions } from "./sql.ts";
import { DatabaseUnavailable, SqlError } from "./sql-error.ts";

const ATTEMPTS = 10;
const COMMIT_MS = 15_000;

/** What became of one attempt. */
type AttemptOutcome<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "conflict"; readonly error: Error };

interface TransactionDeps {
  /** See `DatabaseOptions`. */
  readonly isOutcome: (sql: string) => boolean;
  readonly onRetry: (error: Error, attempt: number) => void;
}

/** Creates `Database.transaction`; see there for what it promises. */
export const createTransaction =
  (connections: Connections, { isOutcome, onRetry }: TransactionDeps) =>
  async <T>(
    work: (tx: Sql) => Promise<T>,
    { attempts = ATTEMPTS, snapshot = false }: TransactionOptions = {},
  ): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const tx = transactionSql(await connections.borrow(), isOutcome);
      const outcome = await runOnce(tx, work, snapshot ? beginSnapshot : begin);
      if (outcome.kind === "done") return outcome.value;
      if (attempt >= attempts) throw outcome.error;
      onRetry(outcome.error, attempt);
      await pauseBeforeAttempt(attempt);
    }
  };

const begin = ["START TRANSACTION"];
/** The level is that of the next transaction alone. */
const beginSnapshot = ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"];

/** Runs `work` once. Throws what may not be repeated. */
const runOnce = async <T>(
  tx: OpenTransaction,
  work: (tx: Sql) => Promise<T>,
  beginning: readonly string[],
): Promise<AttemptOutcome<T>> => {
  const { connection } = tx;
  let value: T;
  try {
    for (const statement of beginning) await connection.text(statement, COMMIT_MS);
    value = await work(tx.sql);
    // The work may have swallowed the error of a statement that undid everything before it.
    if (tx.broken() !== undefined) throw tx.broken();
  } catch (thrown) {
    tx.end();
    const error = notApplied(tx.broken() ?? thrown);
    await rollback(connection, error);
    if (isConflict(error)) return { kind: "conflict", error };
    throw error;
  }
  tx.end();
  try {
    await connection.text("COMMIT", COMMIT_MS);
    tx.ended();
  } catch (error) {
    await rollback(connection, error);
    tx.ended(error);
    // Only a certain "no" may be tried again; after anything else nobody knows what became of it.
    if (error instanceof SqlError && error.transient) return { kind: "conflict", error };
    throw error instanceof DatabaseUnavailable
      ? new DatabaseUnavailable(error.message, error.reason, { outcome: "unknown" })
      : error;
  }
  connection.release();
  return { kind: "done", value };
};

/** Before COMMIT was sent, nothing of it can be in effect. */
const notApplied = (error: unknown): unknown =>
  error instanceof DatabaseUnavailable
    ? new DatabaseUnavailable(error.message, error.reason, { outcome: "not-applied" })
    : error;

const isConflict = (error: unknown): error is Error =>
  error instanceof SqlError ? error.transient : error instanceof DatabaseUnavailable && error.reason !== "timeout";

const rollback = async (connection: Connection, error: unknown): Promise<void> => {
  if (error instanceof DatabaseUnavailable) return connection.destroy();
  try {
    await connection.text("ROLLBACK", COMMIT_MS);
    connection.release();
  } catch {
    // The server undoes it when the connection is gone.
    connection.destroy();
  }
};

type OpenTransaction = ReturnType<typeof transactionSql>;

const transactionSql = (connection: Connection, isOutcome: (sql: string) => boolean) => {
  let broken: Error | undefined;
  let over = false;
  const observation = currentObservation();
  let hasWritten = false;
  const send = async (sql: string, params: Parameters<Sql["query"]>[1] = []): Promise<unknown> => {
    if (over) throw new Error("the transaction is over");
    if (broken !== undefined) throw broken;
    try {
      return await connection.execute(sql, params);
    } catch (error) {
      if (error instanceof DatabaseUnavailable || (error instanceof SqlError && error.transient)) broken = error;
      throw error;
    }
  };
  const execute: Sql["execute"] = async (statement, params) => {
    hasWritten ||= observation !== undefined && isOutcome(statement);
    return (await send(statement, params)) as Affected;
  };
  const sql: Sql = {
    query: async <Row>(statement: string, params?: Parameters<Sql["query"]>[1]) =>
      (await send(statement, params)) as Row[],
    execute,
    ...createRowWrites(execute),
  };
  return {
    connection,
    sql,
    broken: () => broken,
    /** After COMMIT. What may be in effect counts as written: all but what the server has refused. */
    ended: (failure?: unknown) => {
      if (observation && hasWritten && !(failure instanceof SqlError)) observation.hasWritten = true;
    },
    end: () => {
      over = true;
    },
  };
};
