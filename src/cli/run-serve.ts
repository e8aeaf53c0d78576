import path from "node:path";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { loadConfig } from "../config/load.ts";
import { awaitDatabase } from "../db/await-database.ts";
import { migrate, pendingMigrations } from "../db/migrate.ts";
import { createDatabase } from "../db/pool.ts";
import { startPrivateDatabase } from "../db/private.ts";
import { giveBackMemory } from "../lib/give-back-memory.ts";
import { createLog, type Log } from "../lib/log.ts";
import { prepareApp } from "../prepare-app.ts";
import { CommandError } from "./command.ts";
import type { ConfigFiles } from "./config-files.ts";
import { greeting } from "./greeting.ts";
import { createStopSignal } from "./stop-signal.ts";

/** What `ostiary serve` was called with. */
export interface ServeCall extends ConfigFiles {
  readonly dev: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Serves until a signal: configuration → what it names → database → app →
 * listen → wait, and back again. What was begun is undone in reverse order, also
 * when a later step fails or the signal comes in the middle. When the private
 * database is lost, so is the server: whoever started it starts it again.
 */
export async function runServe(call: ServeCall): Promise<void> {
  const { config, warnings, where } = loadConfig(call);
  await using begun = new AsyncDisposableStack();
  const log = createLog(config.log);
  begun.defer(() => log.flush());
  for (const warning of warnings) log.warn({}, warning);
  const stop = createStopSignal((name) => log.info({}, `${name}: waiting for calls in flight`));

  // The app's modules are loaded while the database gets going: half of a start is waiting for it.
  const loading = import("../app.ts");
  loading.catch(() => undefined); // awaited below, when there is nothing half-begun left
  const prepared = await prepareApp(config).catch((error: unknown) => {
    throw error instanceof ConfigError ? error.at(where) : error;
  });
  const { dsn, lost } =
    config.dsn === undefined
      ? await ownDatabase(call.dataDir, log, begun)
      : { dsn: await migratedDatabase(config.dsn, call, log, stop.signal), lost: undefined };
  const { createApp } = await loading;
  if (stop.signal.aborted) return;

  const app = await createApp({ ...config, dsn }, { log, prepared });
  begun.defer(() => app.close());
  const listening = await app.listen();
  if (!stop.signal.aborted && (config.log.format === "text" || process.stdout.isTTY)) {
    log.flush();
    console.log(greeting(config, listening));
  } else log.info(listening, "ready");
  begun.defer(giveBackMemory());
  const error = await Promise.race(lost === undefined ? [stop.stopped] : [stop.stopped, lost]);
  if (error) throw error;
}

/** Starts the private database, brings it up to this release, and says where it is. */
async function ownDatabase(
  dataDir: string,
  log: Log,
  begun: AsyncDisposableStack,
): Promise<{ readonly dsn: string; readonly lost: Promise<Error> }> {
  // Beside it in the folder are the secrets, which are none of the database's business.
  const database = await startPrivateDatabase({ dataDir: path.join(dataDir, "database"), log });
  begun.defer(() => database.stop());
  const db = createDatabase({ dsn: database.dsn, poolSize: 2, log });
  try {
    if ((await pendingMigrations(db)).length > 0) await migrate({ db, log });
  } finally {
    await db.close();
  }
  return { dsn: database.dsn, lost: database.lost };
}

/** Waits for the configured database and makes sure that it is up to this release. */
async function migratedDatabase(
  dsn: NonNullable<Config["dsn"]>,
  { files }: ServeCall,
  log: Log,
  signal: AbortSignal,
): Promise<NonNullable<Config["dsn"]>> {
  const db = createDatabase({ dsn, poolSize: 1, log });
  try {
    await awaitDatabase(db, { log, signal });
    const pending = await pendingMigrations(db);
    if (pending.length > 0)
      throw new CommandError(
        `the database lacks ${pending.length} migration${pending.length === 1 ? "" : "s"}; ` +
          `run: ostiary migrate ${files.map((file) => `-c ${file}`).join(" ")}`,
      );
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await db.close();
  }
  return dsn;
}
