import { setImmediate as nextTurn } from "node:timers/promises";
import mysql from "mysql2";
import type { Dsn } from "../lib/dsn-type.ts";
import { createHosts } from "./hosts.ts";
import { createStreams } from "./open-stream.ts";
import { setUpSession } from "./session.ts";
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
  /** Milliseconds to wait for the answer to a statement. */
  readonly statementMs: number;
  /** The server's version as it says it, from the first connection on. */
  readonly version: string;
}

const BORROW_MS = 10_000;
/** With other hosts to ask, a silent one is left sooner. */
const CONNECT_MS = { alone: 5_000, beside: 2_000 };
/** Longer than `innodb_lock_wait_timeout` below, so that the server's own answer comes first. */
const STATEMENT_MS = 15_000;
const CLOSE_MS = 5_000;

/**
 * Creates the pool over one way to the database or several, of which the first says how large it is. It connects when
 * something is asked of it, never before.
 */
export const createConnections = (
  dsns: readonly [Dsn, ...Dsn[]],
  size: number,
  readOnly?: boolean | undefined,
): Connections => {
  const [dsn] = dsns;
  const hosts = createHosts(dsns);
  const connectMs = dsn.connectTimeout ?? (hosts.count > 1 ? CONNECT_MS.beside : CONNECT_MS.alone);
  const statementMs = dsn.statementTimeout ?? STATEMENT_MS;
  const streams = createStreams(hosts, connectMs);
  const pool = mysql.createPool({ ...options(dsn, size), connectTimeout: connectMs, stream: streams.open });
  /** When each connection was set up, in milliseconds; absent: not yet. */
  const ready = new WeakMap<mysql.PoolConnection, number>();
  let version = "";
  let lent = 0;
  let closed: Promise<void> | undefined;
  let onIdle: (() => void) | undefined;

  const returned = () => {
    lent -= 1;
    if (lent === 0) onIdle?.();
  };

  const raw = (until: number) =>
    new Promise<mysql.PoolConnection>((resolve, reject) => {
      let late = false;
      const timer = setTimeout(
        () => {
          late = true;
          reject(new DatabaseUnavailable("no connection to the database became free in time", "refused"));
        },
        Math.max(0, until - Date.now()),
      );
      pool.getConnection((error, connection) => {
        clearTimeout(timer);
        if (error) reject(fromDriver(error, "", false));
        else if (late) connection.release();
        else resolve(connection);
      });
    });

  const attemptOf = (connection: mysql.PoolConnection) => streams.attempt(connection.config);

  const failed = (connection: mysql.PoolConnection) => {
    const host = attemptOf(connection)?.host;
    if (host !== undefined) hosts.failed(host);
  };

  /** A connection that is set up and whose host has not failed since. */
  const usable = async (until: number): Promise<mysql.PoolConnection> => {
    for (;;) {
      const connection = await raw(until);
      const since = ready.get(connection);
      const attempt = attemptOf(connection);
      if (since !== undefined && (attempt === undefined || !hosts.isStale(attempt.host, since))) return connection;
      if (since !== undefined) {
        connection.destroy();
        continue;
      }
      // Without a listener a connection that breaks while idle would end the process; the pool drops it by itself.
      connection.on("error", () => undefined);
      try {
        version = await setUpSession((sql) => send(connection, sql, (done) => connection.query(sql, done), connectMs), {
          syncWait: dsn.syncWait,
          several: hosts.count > 1,
          readOnly,
        });
      } catch (error) {
        failed(connection);
        connection.destroy();
        throw error instanceof DatabaseUnavailable
          ? new DatabaseUnavailable(error.message, "refused", { lasting: error.lasting })
          : error;
      }
      ready.set(connection, Date.now());
      if (attempt !== undefined) attempt.ready = true;
      return connection;
    }
  };

  const borrow = async (): Promise<Connection> => {
    if (closed !== undefined) throw new DatabaseUnavailable("the database is closed", "refused");
    lent += 1;
    try {
      const until = Date.now() + BORROW_MS;
      for (let tries = 1; ; tries++) {
        try {
          return wrap(await usable(until));
        } catch (error) {
          if (!(error instanceof DatabaseUnavailable) || tries >= hosts.count || Date.now() >= until) throw error;
          // The end of a connection is noted as it closes, which is after its error.
          await nextTurn();
        }
      }
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
    /** A server that is silent, or there and not serving, is left for another one. */
    const noteFailure = (error: Error): void => {
      if (error instanceof DatabaseUnavailable && error.reason !== "lost") failed(connection);
    };
    return {
      execute: (sql, params) =>
        send(
          connection,
          sql,
          (done) => connection.execute(sql, params as unknown[] as never, done),
          statementMs,
          noteFailure,
        ),
      text: (sql, timeout) => send(connection, sql, (done) => connection.query(sql, done), timeout, noteFailure),
      release: once(() => (isSpent(connection) ? connection.destroy() : connection.release())),
      destroy: once(() => connection.destroy()),
    };
  };

  const isSpent = (connection: mysql.PoolConnection): boolean =>
    dsn.maxIdleConnections === 0 ||
    (dsn.maxLifetime !== undefined && Date.now() - (ready.get(connection) ?? 0) > dsn.maxLifetime);

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
    statementMs,
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
  onFailure: (error: Error) => void = () => undefined,
): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      onFailure(error);
      reject(error);
    };
    const timer =
      timeout === 0
        ? undefined
        : setTimeout(() => {
            connection.destroy();
            fail(new DatabaseUnavailable("the database did not answer in time", "timeout"));
          }, timeout);
    try {
      start((error, result) => {
        clearTimeout(timer);
        if (error) fail(fromDriver(error, sql, true));
        else resolve(result);
      });
    } catch (error) {
      clearTimeout(timer);
      fail(error as Error);
    }
  });

/** A pool without a limit keeps as many unused connections as one of the usual size. */
const MOST_IDLE = 20;

const options = (dsn: Dsn, size: number): mysql.PoolOptions => ({
  compress: dsn.compress,
  enableCleartextPlugin: dsn.cleartextPassword,
  connectAttributes: dsn.attributes,
  charset: "UTF8MB4_UNICODE_CI",
  timezone: "Z",
  supportBigNumbers: true,
  jsonStrings: true,
  // The driver's own set has FOUND_ROWS: an UPDATE that changes nothing still says that its row is there.
  flags: ["-LOCAL_FILES"],
  connectionLimit: Number.isFinite(size) ? size : 0xffff,
  maxIdle: Math.min(size, dsn.maxIdleConnections ?? (Number.isFinite(size) ? size : MOST_IDLE)),
  idleTimeout: dsn.maxIdleTime ?? 60_000,
  maxPreparedStatements: 400,
});
