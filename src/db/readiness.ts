import { setTimeout as sleep } from "node:timers/promises";
import { notApplied } from "./migrate.ts";
import { type Migration, migrationsFolder, readMigrations } from "./migration-files.ts";
import { createDatabase } from "./pool.ts";

/** What keeps the database from being of use, by part; empty when nothing does. */
export type DatabaseProblems = Readonly<Record<string, string>>;

/** Whether the database can be used, updated beside the calls that use it. */
export interface Readiness {
  /** As last seen; costs nothing. Before `start` the database counts as not seen yet. */
  readonly problems: DatabaseProblems;
  /** Looks once, then again and again until `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What `createReadiness` needs. */
export interface ReadinessOptions {
  /** See createDatabase. */
  readonly dsn: string | readonly string[];
  /** Milliseconds between two looks. */
  readonly interval?: number;
  /** Milliseconds after which a database that does not answer counts as gone. */
  readonly timeout?: number;
}

/**
 * Writes nothing, and is refused all the same where nothing may be written: by
 * `read_only`, on a replica, or in a part of a cluster that has lost the rest.
 */
const WRITE = "UPDATE schema_migrations SET name = name WHERE 1 = 0";

/**
 * Creates the watch over the database. It has a connection of its own, so that
 * a pool that is busy is not mistaken for a database that is gone, and asks rarely:
 * what is gone or frozen shows within two seconds.
 */
export const createReadiness = ({ dsn, interval = 500, timeout = 1_000 }: ReadinessOptions): Readiness => {
  const db = createDatabase({ dsn, only: { connections: 1, timeout } });
  const stopping = new AbortController();
  let problems: DatabaseProblems = { database: "has not been asked yet" };
  let watching: Promise<void> | undefined;
  /** Those of this process; files that come later are for the next one. */
  let migrations: readonly Migration[] | undefined;

  const look = async (): Promise<DatabaseProblems> => {
    try {
      migrations ??= await readMigrations(migrationsFolder);
      const pending = await notApplied(db, migrations);
      if (pending.length > 0) return { migrations: `${pending.length} pending` };
      await db.execute(WRITE, [], "same");
      return {};
    } catch (error) {
      return { database: error instanceof Error ? error.message : "does not answer" };
    }
  };

  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sleep(interval, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (!stopping.signal.aborted) problems = await look();
    }
  };

  return {
    get problems() {
      return problems;
    },
    start: async () => {
      problems = await look();
      watching = watch();
    },
    stop: async () => {
      stopping.abort();
      await watching;
      await db.close();
    },
  };
};
