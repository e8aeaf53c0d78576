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

/** A statement that writes one row, found by its primary key. */
export interface RowUpdate {
  readonly table: string;
  /** The index that finds the row, where the database may not be left to choose. */
  readonly index?: string;
  /** The primary key. No two rows have the same value in its last column. */
  readonly key: readonly string[];
  /** What is written. */
  readonly set: readonly string[];
  /** What else must hold of the row, with a `?` for each value. */
  readonly condition: string;
}

/** The values of a `RowUpdate`. */
export interface RowValues {
  readonly key: readonly SqlValue[];
  readonly set: readonly SqlValue[];
  readonly condition: readonly SqlValue[];
}

/** A statement that inserts one row, whose primary key is a fresh id of ours. */
export interface RowInsert {
  readonly table: string;
  readonly columns: readonly string[];
  /** Where the row depends on others: a SELECT of exactly one row for the columns, and what it may collide with. */
  readonly select?: {
    readonly text: string;
    /** A unique key. The statement is sent again, and selects anew, when the row of another request has its value. */
    readonly again: string;
  };
}

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
  /**
   * Writes one row. False: it is not there, or the condition does not hold. Throws as `execute` does. Outside a
   * transaction, rows of several requests share a statement (`group-commit.ts`).
   */
  updateRow(statement: RowUpdate, values: RowValues): Promise<boolean>;
  /**
   * Inserts one row. Throws as `execute` does. Outside a transaction, rows of several requests share a statement,
   * unless it has a SELECT.
   */
  insertRow(statement: RowInsert, values: readonly SqlValue[]): Promise<void>;
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
  /**
   * Whether it may be one with those of other requests (`group-commit.ts`). `work` is then run first without a
   * database, and again if it is not committed that way: it has no effect but by what it sends.
   */
  readonly shared?: boolean;
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
