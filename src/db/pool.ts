import { parseDsn } from "../lib/dsn.ts";
import { DsnError } from "../lib/dsn-error.ts";
import { currentObservation } from "./committed-writes.ts";
import { createConnections } from "./connections.ts";
import { createGroupCommit } from "./group-commit.ts";
import { createRepeat } from "./repeat.ts";
import { createRowWrites } from "./row-writes.ts";
import type { Affected, Database, DatabaseLog, Sql, SqlValue } from "./sql.ts";
import { DatabaseUnavailable } from "./sql-error.ts";
import { createTransaction } from "./transaction.ts";

/**
 * The database: connections, statements, transactions and migrations. What is stored where is each store's own
 * business, and its SQL stands there: this folder writes no table but those of the migrations, and names others only
 * for the sizes of their columns (`column-sizes.ts`).
 *
 * Conventions of the tables: ids are UUIDs in BINARY(16) (`lib/ids.ts`); times are UTC in DATETIME(3), in milliseconds
 * as a Date, and are given as arguments. Leases, and what is due for jobs and messages, follow the server's clock
 * (UTC_TIMESTAMP), so that the clocks of nodes may differ. JSON columns are read with `readJson`.
 */

const POOL_SIZE = 20;

/** What a database is made of. */
export interface DatabaseOptions {
  /**
   * See `parseDsn`; several are ways to one database, of which the first that answers is used. The first one's
   * `max_conns` wins over `poolSize`.
   */
  readonly dsn: string | readonly string[];
  /** Most connections at once. Default 20. */
  readonly poolSize?: number;
  /**
   * For who watches over the database: exactly so many connections, whatever the dsn says, and milliseconds until
   * it counts as gone.
   */
  readonly only?: { readonly connections: number; readonly timeout: number };
  /** The server refuses every write: for databases of others. */
  readonly readOnly?: boolean;
  /** Whether a statement writes what `observeWrites` looks for (`committed-writes.ts`). Default: each does. */
  readonly isOutcome?: (sql: string) => boolean;
  readonly log?: DatabaseLog;
}

/** Creates the database. It connects when it is first used. Throws DsnError. */
export const createDatabase = (options: DatabaseOptions): Database => {
  const { dsn: text, poolSize = POOL_SIZE, only, readOnly, isOutcome = () => true, log } = options;
  const [dsn, ...others] = (typeof text === "string" ? [text] : text).map((one) => ({
    ...parseDsn(one),
    ...(only && { connectTimeout: only.timeout, statementTimeout: only.timeout }),
  }));
  if (dsn === undefined) throw new DsnError("there is no dsn");
  const connections = createConnections(
    [dsn, ...others],
    only?.connections ?? dsn.maxConnections ?? poolSize,
    readOnly,
  );

  const repeat = createRepeat({
    borrow: () => connections.borrow(),
    within: connections.statementMs,
    onRepeat: (error, attempt) => log?.warn({ reason: error.message, attempt }, "a statement is sent again"),
  });
  const once = createRepeat({ borrow: () => connections.borrow(), within: 0, onRepeat: () => undefined });

  const alone: Sql = {
    query: async <Row>(sql: string, params: readonly SqlValue[] = []) =>
      (await repeat((connection) => connection.execute(sql, params), "read")) as Row[],
    execute: async (sql, params = [], repeatable) => {
      const observation = currentObservation();
      const note = (): void => {
        if (observation && isOutcome(sql)) observation.hasWritten = true;
      };
      try {
        const affected = (await repeat((connection) => connection.execute(sql, params), repeatable)) as Affected;
        note();
        return affected;
      } catch (error) {
        // What may be in effect counts as written.
        if (error instanceof DatabaseUnavailable && error.outcome === "unknown") note();
        throw error;
      }
    },
    ...createRowWrites((sql, params, repeatable) => alone.execute(sql, params, repeatable)),
  };
  const transaction = createTransaction(connections, {
    isOutcome,
    onRetry: (error, attempt) => log?.warn({ reason: error.message, attempt }, "the transaction is begun again"),
  });
  const together = createGroupCommit({ transaction, alone });
  /**
   * Whether what several people write may be one statement or transaction: on shards it would be of several of them.
   * Who wants to know what is written in their own work gets it alone.
   */
  const mayShare = (): boolean =>
    connections.version !== "" && !/vitess/i.test(connections.version) && currentObservation() === undefined;

  return {
    query: alone.query,
    execute: alone.execute,
    updateRow: (statement, values) => (mayShare() ? together : alone).updateRow(statement, values),
    insertRow: (statement, values) => (mayShare() ? together : alone).insertRow(statement, values),
    transaction: (work, options) =>
      options?.shared && mayShare() ? together.transaction(work, options) : transaction(work, options),
    run: async (sql) => void (await once((connection) => connection.text(sql, 0), undefined)),
    ping: async () => void (await repeat((connection) => connection.text("SELECT 1", 2_000), "read")),
    close: () => connections.close(),
    get dialect() {
      return connections.version.includes("MariaDB") ? "mariadb" : "mysql";
    },
    get version() {
      return connections.version;
    },
  };
};
