import mysql from "mysql2";
import type { Dsn } from "./dsn.ts";
import { DatabaseUnavailable, fromDriver } from "./sql-error.ts";

/** One connection, borrowed: give it back with `release`, or `destroy` it when its state is in doubt. */
export interface Connection {
  /** Runs a prepared statement. Rows for a SELECT, a header with `affectedRows` for a write. */
  execute(sql: string, params: readonly unknown[]): Promise<unknown>;
  /** Runs a statement without values by the text protocol. `timeout` in milliseconds, 0 for none. */
  text(sql: string, timeout: number): Promise<unknown>;
  release(): void;
  destroy(): void;
}

/** The pool underneath: lends connections whose session is set up, within a deadline. */
export interface Connections {
  borrow(): Promise<Connection>;
  close(): Promise<void>;
  /** The server's version as it says it, from the first connection on. */
  readonly version: string;
}

const BORROW_MS = 10_000;
const CONNECT_MS = 5_000;
/** Longer than `innodb_lock_wait_timeout` below, so that the server's own answer comes first. */
const STATEMENT_MS = 15_000;
const CLOSE_MS = 5_000;

/** Every session alike, whatever the server's defaults: UTC, strict, READ COMMITTED, short lock waits. */
const session = [
  "SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 5, sql_mode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
];

/** Creates the pool. It connects when something is asked of it, never before. */
export const createConnections = (dsn: Dsn, size: number): Connections => {
  /** When each connection was set up, in milliseconds; absent: not yet. */
  const ready = new WeakMap<mysql.PoolConnection, number>();
  let pool = mysql.createPool(options(dsn, size, dsn.tls !== "off"));
  let version = "";
  let lent = 0;
  let closed: Promise<void> | undefined;
  let onIdle: (() => void) | undefined;

  const returned = () => {
    lent -= 1;
    if (lent === 0) onIdle?.();
  };

  const raw = () =>
    new Promise<mysql.PoolConnection>((resolve, reject) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        reject(new DatabaseUnavailable("no connection to the database became free in time", "refused"));
      }, BORROW_MS);
      pool.getConnection((error, connection) => {
        clearTimeout(timer);
        if (error) reject(fromDriver(error, "", false));
        else if (late) connection.release();
        else resolve(connection);
      });
    });

  const setUp = async (connection: mysql.PoolConnection) => {
    // Without a listener a connection that breaks while idle would end the process; the pool drops it by itself.
    connection.on("error", () => undefined);
    for (const sql of session) await send(connection, sql, (done) => connection.query(sql, done), CONNECT_MS);
    if (version === "")
      version = String(
        (
          (await send(connection, "", (done) => connection.query("SELECT VERSION() AS v", done), CONNECT_MS)) as [
            { v: unknown },
          ]
        )[0].v,
      );
    ready.set(connection, Date.now());
  };

  const borrow = async (): Promise<Connection> => {
    if (closed !== undefined) throw new DatabaseUnavailable("the database is closed", "refused");
    lent += 1;
    try {
      const connection = await raw().catch((error: unknown) => {
        if (dsn.tls !== "preferred" || !(error instanceof DatabaseUnavailable) || !error.message.includes("NO_SSL"))
          throw error;
        pool.end(() => undefined);
        pool = mysql.createPool(options(dsn, size, false));
        return raw();
      });
      if (!ready.has(connection)) {
        await setUp(connection).catch((error: unknown) => {
          connection.destroy();
          throw error instanceof DatabaseUnavailable ? new DatabaseUnavailable(error.message, "refused") : error;
        });
      }
      return wrap(connection);
    } catch (error) {
      returned();
      throw error;
    }
  };

  const wrap = (connection: mysql.PoolConnection): Connection => {
    let back = false;
    const once = (end: () => void) => () => {
      if (back) return;
      back = true;
      end();
      returned();
    };
    return {
      execute: (sql, params) =>
        send(connection, sql, (done) => connection.execute(sql, params as unknown[] as never, done), STATEMENT_MS),
      text: (sql, timeout) => send(connection, sql, (done) => connection.query(sql, done), timeout),
      release: once(() => (tooOld(connection) ? connection.destroy() : connection.release())),
      destroy: once(() => connection.destroy()),
    };
  };

  const tooOld = (connection: mysql.PoolConnection): boolean =>
    dsn.maxLifetime !== undefined && Date.now() - (ready.get(connection) ?? 0) > dsn.maxLifetime;

  const close = async () => {
    if (lent > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CLOSE_MS);
      onIdle = resolve;
      await promise;
      clearTimeout(timer);
    }
    await new Promise<void>((resolve) => pool.end(() => resolve()));
  };

  return {
    borrow,
    close: () => {
      closed ??= close();
      return closed;
    },
    get version() {
      return version;
    },
  };
};

type Done = (error: Error | null, result: unknown) => void;

/** Sends one statement and waits for its answer. A server that does not answer in time loses the connection. */
const send = (
  connection: mysql.PoolConnection,
  sql: string,
  start: (done: Done) => void,
  timeout: number,
): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const timer =
      timeout === 0
        ? undefined
        : setTimeout(() => {
            connection.destroy();
            reject(new DatabaseUnavailable("the database did not answer in time", "timeout"));
          }, timeout);
    try {
      start((error, result) => {
        clearTimeout(timer);
        if (error) reject(fromDriver(error, sql, true));
        else resolve(result);
      });
    } catch (error) {
      clearTimeout(timer);
      reject(error as Error);
    }
  });

const options = (dsn: Dsn, size: number, tls: boolean): mysql.PoolOptions => ({
  user: dsn.user,
  password: dsn.password,
  database: dsn.database,
  ...(dsn.socketPath === undefined
    ? { host: dsn.host ?? "127.0.0.1", port: dsn.port }
    : { socketPath: dsn.socketPath }),
  ...(tls && { ssl: { rejectUnauthorized: dsn.tls === "verify" } }),
  charset: "UTF8MB4_UNICODE_CI",
  timezone: "Z",
  supportBigNumbers: true,
  jsonStrings: true,
  // The driver's own set has FOUND_ROWS: an UPDATE that changes nothing still says that its row is there.
  flags: ["-LOCAL_FILES"],
  connectTimeout: dsn.connectTimeout ?? CONNECT_MS,
  connectionLimit: size,
  maxIdle: Math.min(size, dsn.maxIdleConnections ?? size),
  idleTimeout: dsn.maxIdleTime ?? 60_000,
  maxPreparedStatements: 400,
});
