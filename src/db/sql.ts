/** What may stand for a `?`. JSON goes in as text; a Date keeps its milliseconds, in UTC. */
export type SqlValue = string | number | bigint | boolean | Buffer | Date | null;

/** How many rows a statement matched (not: changed). */
export interface Affected {
  readonly affectedRows: number;
}

/**
 * What may be done when a connection broke and nobody knows whether a write was
 * carried out. `same`: twice is the same as once. `own-id`: it inserts a row
 * whose primary key is a fresh id of ours, so that "is there already" means done.
 * `once`: it is sent a single time, and not again after a conflict either.
 */
export type Repeatable = "same" | "own-id" | "once";

/**
 * Where statements go: the database itself (each commits by itself) or a
 * transaction. Every statement is a prepared one; values never become SQL.
 */
export interface Sql {
  /**
   * Reads rows. BINARY columns are Buffers, times are Dates, JSON columns are
   * text on MySQL and MariaDB alike (use `readJson`), integers beyond 2^53 are
   * text. Outside a transaction it is sent again if the connection broke, so it
   * must only read.
   */
  query<Row = Record<string, unknown>>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
  /**
   * Writes. Throws `SqlError` (see `isDuplicate`) or `DatabaseUnavailable`.
   * Outside a transaction it is sent again after a conflict, and where it was
   * never begun, unless `repeatable` is `once`; after a broken connection only
   * if `repeatable` says how.
   */
  execute(sql: string, params?: readonly SqlValue[], repeatable?: Repeatable): Promise<Affected>;
}

/** How a transaction runs. */
export interface TransactionOptions {
  /** How often `work` is begun at most. Default 10. */
  readonly attempts?: number;
  /**
   * Whether it sees what is there when it begins, and nothing of what comes after (REPEATABLE READ): for reading
   * alone, and for as long as it takes. It holds nobody up.
   */
  readonly snapshot?: boolean;
}

/** A MySQL or MariaDB server: the common subset of both. */
export interface Database extends Sql {
  /**
   * Runs `work` in one transaction (READ COMMITTED) and commits. It is rolled
   * back when `work` throws. On a deadlock, a lock wait, a failed certification
   * or a connection lost before COMMIT, `work` runs again on a fresh transaction:
   * it must be harmless to repeat. A connection lost during COMMIT is never
   * repeated; it throws `DatabaseUnavailable` with `outcome: "unknown"`.
   */
  transaction<T>(work: (tx: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Runs one statement without values by the text protocol and without a time limit: for migrations. */
  run(sql: string): Promise<void>;
  /** Throws `DatabaseUnavailable` unless the server answers. */
  ping(): Promise<void>;
  /** Lets running statements end (a few seconds at most) and closes all connections. */
  close(): Promise<void>;
  /** Which family; known from the first connection on. */
  readonly dialect: "mysql" | "mariadb";
  /** The server's version as it says it; empty before the first connection. */
  readonly version: string;
}

/** Where the database reports what is worth knowing; a pino logger fits. */
export interface DatabaseLog {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
}
