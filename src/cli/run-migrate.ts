import { loadConfig } from "../config/load.ts";
import { awaitDatabase } from "../db/await-database.ts";
import { migrate, pendingMigrations } from "../db/migrate.ts";
import { createDatabase } from "../db/pool.ts";
import type { ConfigFiles } from "./config-files.ts";

/** What `ostiary migrate` was called with. */
export interface MigrateCall extends ConfigFiles {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Migrates the configured database, with a line for each step. */
export async function runMigrate({ files, env }: MigrateCall): Promise<void> {
  const { config } = loadConfig({ files, env, needsSecrets: false });
  if (config.dsn === undefined) {
    console.log("Nothing to do: without a dsn, serve starts a private database and migrates it.");
    return;
  }
  const log = {
    info: (data: object, message: string) =>
      console.log("migration" in data ? `${message}: ${String(data.migration)}` : message),
    warn: (data: object, message: string) =>
      console.log("migrations" in data ? `${message}: ${String(data.migrations)}` : message),
  };
  const db = createDatabase({ dsn: config.dsn, poolSize: 2, log });
  try {
    await awaitDatabase(db, { log });
    const pending = await pendingMigrations(db);
    console.log(
      `${pending.length === 0 ? "No" : pending.length} migration${pending.length === 1 ? " is" : "s are"} missing.`,
    );
    await migrate({ db, log });
    console.log("The database is up to date.");
  } finally {
    await db.close();
  }
}
