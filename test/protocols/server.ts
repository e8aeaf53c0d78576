import type { Http2SessionManager } from "@connectrpc/connect-node";
import { createPool, type Pool, type QueryOptions } from "mysql2/promise";
import { type App, createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { merge, type Raw } from "../../src/config/tree.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createDatabase } from "../../src/db/pool.ts";
import { createLog } from "../../src/lib/log.ts";
import type { Wait } from "../../src/limits/failure-floor.ts";
import { type FreshDatabase, freshDatabase, migratedDatabase } from "../setup/fresh-database.ts";
import { keepLines } from "../setup/kept-lines.ts";
import { observeCall } from "../setup/observed-errors.ts";
import { createSteerableClock, type SteerableClock } from "./clock.ts";
import { endIdleConnections, http2To } from "./connections.ts";
import { freePort } from "./free-port.ts";
import { createGate, type Gate } from "./gate.ts";
import { identitySchemaUrl } from "./schema.ts";

/** The pages of the tests' own user interface. Nobody serves them: where a browser is sent is what counts. */
export const ui = {
  origin: "http://127.0.0.1:4455",
  settings: "http://127.0.0.1:4455/settings",
  login: "http://127.0.0.1:4455/login",
  registration: "http://127.0.0.1:4455/registration",
  verification: "http://127.0.0.1:4455/verification",
  recovery: "http://127.0.0.1:4455/recovery",
  error: "http://127.0.0.1:4455/error",
  welcome: "http://127.0.0.1:4455/welcome",
} as const;

/** A server of the tests' own: real ports, a real database, a clock that the test turns. */
export interface TestServer {
  /** Base URLs without a slash at the end. */
  readonly url: string;
  readonly adminUrl: string;
  readonly clock: SteerableClock;
  readonly database: FreshDatabase;
  /** Holds requests before their transactions. */
  readonly gate: Gate;
  /** Every line of the log so far. */
  readonly logged: readonly string[];
  /** The connections that gRPC clients share. */
  readonly http2: Http2SessionManager;
  /** For what only the database shows. Placeholders are `?`. */
  sql<Row = Record<string, unknown>>(statement: string | QueryOptions, values?: readonly unknown[]): Promise<Row[]>;
  /** Stops it and starts it with these overrides instead, on the same database, ports and clock. */
  restart(overrides?: Raw): Promise<void>;
  stop(): Promise<void>;
}

/** What a server is started with. */
export interface TestServerOptions {
  /** Keys as in a configuration file, over those of the tests. */
  readonly overrides?: Raw;
  /** Leave the database empty. */
  readonly migrated?: boolean;
  /** A database that is the test's own to break; left out, a new one of the run's server. */
  readonly database?: FreshDatabase;
  /** How answers are held back that must take as long as others; not at all when left out. */
  readonly wait?: Wait;
  /** Another server whose database it shares, as one more node: that one drops it. */
  readonly beside?: TestServer;
  /** When its clock begins. */
  readonly now?: Date;
}

/** What the servers of the tests encrypt and sign with. */
export const testSecrets = {
  default: ["a secret of the tests, long enough"],
  cookie: ["the first cookie secret"],
  cipher: ["exactly thirty-two bytes of text"],
};

/** Cheap, so that a test costs milliseconds; that real costs are the default is the hasher's own test. */
const cheapHashing = {
  algorithm: "argon2",
  argon2: { memory: "8KB", iterations: 1, parallelism: 1, salt_length: 16, key_length: 16 },
  concurrency: 2,
};

/** Starts a server. Close it with `stop`, which drops its database too. */
export const startServer = async ({
  overrides = {},
  migrated = true,
  database: given,
  wait = answerAtOnce,
  beside,
  now,
}: TestServerOptions = {}): Promise<TestServer> => {
  const database = given ?? beside?.database ?? (await (migrated ? migratedDatabase() : freshDatabase()));
  if (migrated && given !== undefined) await migrateDatabase(database.dsn);
  const [publicPort, adminPort] = [await freePort(), await freePort()];
  const [url, adminUrl] = [`http://127.0.0.1:${publicPort}`, `http://127.0.0.1:${adminPort}`];
  const standard: Raw = {
    dev: true,
    dsn: beside === undefined ? database.dsn : database.besideDsn,
    serve: {
      public: { host: "127.0.0.1", port: publicPort, base_url: `${url}/` },
      admin: { host: "127.0.0.1", port: adminPort },
    },
    selfservice: {
      default_browser_return_url: ui.welcome,
      allowed_return_urls: ["http://127.0.0.1:4455", "https://*.apps.example.com/start"],
      methods: { password: { config: { haveibeenpwned_enabled: false } } },
      flows: {
        settings: { ui_url: ui.settings, privileged_session_max_age: "15m" },
        login: { ui_url: ui.login },
        registration: {
          ui_url: ui.registration,
          style: "unified",
          after: { password: { hooks: [{ hook: "session" }] } },
        },
        verification: { ui_url: ui.verification },
        recovery: { ui_url: ui.recovery },
        error: { ui_url: ui.error },
      },
    },
    identity: { default_schema_id: "person", schemas: [{ id: "person", url: identitySchemaUrl }] },
    secrets: testSecrets,
    hashers: cheapHashing,
    // Tests turn the clock and compare what is written: nothing is purged in the middle of one.
    database: { cleanup: { sleep: { tables: "1000h" } } },
    limits: {
      login: { per_identifier: 1_000, per_network: 10_000, per_device: 1_000, per_session: 1_000 },
      registration: { per_network: 100_000 },
      flows: { per_network: 100_000 },
      messages: { per_network: 100_000 },
    },
  };

  const clock = beside?.clock ?? createSteerableClock(now);
  const logged = keepLines();
  const pool = createPool({ ...database.connection, connectionLimit: 4, timezone: "Z", multipleStatements: true });
  const gate = createGate();
  let app: App | undefined = await startApp(merge(standard, overrides), { clock, gate, logged, wait });

  return {
    url,
    adminUrl,
    clock,
    database,
    gate,
    logged,
    get http2() {
      return http2To(url);
    },
    sql: (statement, values = []) => run(pool, statement, values),
    restart: async (next = {}) => {
      http2To(url).abort();
      endIdleConnections(url, adminUrl);
      await app?.close();
      app = await startApp(merge(standard, next), { clock, gate, logged, wait });
    },
    stop: async () => {
      http2To(url).abort();
      endIdleConnections(url, adminUrl);
      await app?.close();
      app = undefined; // The file's variable outlives the file.
      await pool.end();
      if (beside === undefined) await database.drop();
    },
  };
};

interface Surroundings {
  readonly clock: SteerableClock;
  readonly gate: Gate;
  readonly logged: string[];
  readonly wait: Wait;
}

/** On a busy machine answers that are held back are held back for long: no test waits for that unless it says so. */
const answerAtOnce: Wait = async () => undefined;

const startApp = async (configuration: Raw, { clock, gate, logged, wait }: Surroundings): Promise<App> => {
  const { config } = loadConfig({ files: [], env: {}, overrides: configuration });
  const write = (line: string) => {
    logged.push(line);
    observeCall(line);
  };
  const log = createLog({ level: "trace", format: "json" }, { write });
  const app = await createApp(config, { clock, log, wrapDatabase: gate.wrap, wait });
  await app.listen();
  return app;
};

const migrateDatabase = async (dsn: string): Promise<void> => {
  const db = createDatabase({ dsn, poolSize: 2 });
  await migrate({ db });
  await db.close();
};

const run = async <Row>(pool: Pool, statement: string | QueryOptions, values: readonly unknown[]): Promise<Row[]> => {
  const [rows] = await pool.query(typeof statement === "string" ? { sql: statement } : statement, [...values]);
  return Array.isArray(rows) ? (rows as Row[]) : [];
};
