import { setTimeout as sleep } from "node:timers/promises";
import type { Database, DatabaseLog } from "./sql.ts";
import { DatabaseUnavailable } from "./sql-error.ts";

/** How long to wait for a database that is still starting. */
export interface AwaitDatabaseOptions {
  /** Milliseconds. Default 5 minutes, as Ory Kratos does. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly log?: DatabaseLog;
}

const oldest = { mysql: [8, 0], mariadb: [10, 6] } as const;

/**
 * Waits until the database answers, asking less and less often. Throws when it does not in time, or is older than
 * what we run on.
 */
export const awaitDatabase = async (
  db: Database,
  { timeout = 300_000, signal, log }: AwaitDatabaseOptions = {},
): Promise<void> => {
  const end = Date.now() + timeout;
  for (let pause = 100; ; pause = Math.min(pause * 2, 5_000)) {
    try {
      await db.ping();
      break;
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable) || error.lasting || Date.now() + pause > end) throw error;
      log?.warn({ reason: error.message }, "the database does not answer yet");
      await sleep(pause, undefined, { signal });
    }
  }
  const [major = 0, minor = 0] = db.version.split(".").map((part) => Number.parseInt(part, 10));
  const [needMajor, needMinor] = oldest[db.dialect];
  if (major < needMajor || (major === needMajor && minor < needMinor)) {
    throw new Error(`the database is ${db.dialect} ${db.version}; at least ${needMajor}.${needMinor} is needed`);
  }
};
