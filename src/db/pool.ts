import { parseDsn } from "../lib/dsn.ts";
import { DsnError } from "../lib/dsn-error.ts";
import { type Connection, createConnections } from "./connections.ts";
import type { Affected, Database, DatabaseLog, SqlValue } from "./sql.ts";
import { DatabaseUnavailable } from "./sql-error.ts";
import { createTransaction } from "./transaction.ts";

/**
 * The database: connections, statements, transactions, migrations and the
 * purging of rows that are over. It knows no table but that of the migrations;
 * what is stored where is each store's own business, and its SQL stands there.
 *
 * Conventions of the tables: ids are UUIDs in BINARY(16) (`lib/ids.ts`); times
 * are UTC in DATETIME(3), just as exact as a Date, given as an argument and
 * never taken from the server; JSON columns are read with `readJson`.
 */

const POOL_SIZE = 20;

/** What a database is made of. */
export interface DatabaseOptions {
  /** See `parseDsn`; several are ways to one database, of which the first that answers is used. The first one's `max_conns` wins over `poolSize`. */
  readonly dsn: string | readonly string[];
  /** Most connections at once. Default 20. */
  readonly poolSize?: number;
  readonly log?: DatabaseLog;
}

/** Creates the database. It connects when it is first used. Throws DsnError. */
export const createDatabase = ({ dsn: text, poolSize = POOL_SIZE, log }: DatabaseOptions): Database => {
  const [dsn, ...others] = (typeof text === "string" ? [text] : text).map(parseDsn);
  if (dsn === undefined) throw new DsnError("there is no dsn");
  const connections = createConnections([dsn, ...others], dsn.maxConnections ?? poolSize);

  const using = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = await connections.borrow();
    try {
      const result = await work(connection);
      connection.release();
      return result;
    } catch (error) {
      if (error instanceof DatabaseUnavailable) connection.destroy();
      else connection.release();
      throw error;
    }
  };

  /** An idle connection may have been closed by the server a moment ago. What only reads may be sent again. */
  const usingTwice = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    try {
      return await using(work);
    } catch (error) {
      if (error instanceof DatabaseUnavailable && error.reason === "lost") return using(work);
      throw error;
    }
  };

  return {
    query: async <Row>(sql: string, params: readonly SqlValue[] = []) =>
      (await usingTwice((connection) => connection.execute(sql, params))) as Row[],
    execute: async (sql, params = []) => (await using((connection) => connection.execute(sql, params))) as Affected,
    transaction: createTransaction(connections, (error, attempt) =>
      log?.warn({ reason: error.message, attempt }, "the transaction is begun again"),
    ),
    run: async (sql) => {
      await using((connection) => connection.text(sql, 0));
    },
    ping: () => usingTwice(async (connection) => void (await connection.text("SELECT 1", 2_000))),
    close: () => connections.close(),
    get dialect() {
      return connections.version.includes("MariaDB") ? "mariadb" : "mysql";
    },
    get version() {
      return connections.version;
    },
  };
};
