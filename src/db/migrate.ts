import { setTimeout as sleep } from "node:timers/promises";
import { uuid4, uuidBytes } from "../lib/ids.ts";
import { type Migration, migrationsFolder, readMigrations, statementsDigest } from "./migration-files.ts";
import { acquireLease, type Lease } from "./migration-lease.ts";
import type { Database, DatabaseLog } from "./sql.ts";
import { SqlError } from "./sql-error.ts";

/** What migrating needs. The folder and the times are arguments for tests. */
export interface MigrateOptions {
  /** With two connections at least: one works, one keeps the lease. */
  readonly db: Database;
  readonly log?: DatabaseLog;
  readonly folder?: URL;
  /** Seconds without a sign of life after which another node goes on. Default 30. */
  readonly leaseSeconds?: number;
}

/** How far one migration is. `done` statements are applied, and `digest` is theirs. */
interface Progress {
  readonly name: string;
  readonly done: number;
  readonly digest: Buffer;
  readonly finished: number;
}

const POLL_MS = 250;
const ownTables = [
  `CREATE TABLE IF NOT EXISTS schema_migrations (
    name VARCHAR(190) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    done INT UNSIGNED NOT NULL,
    digest BINARY(32) NOT NULL,
    finished TINYINT NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    PRIMARY KEY (name)
  ) ENGINE = InnoDB`,
  `CREATE TABLE IF NOT EXISTS schema_migration_lease (
    id TINYINT NOT NULL,
    owner BINARY(16) NULL,
    expires_at DATETIME(3) NOT NULL,
    PRIMARY KEY (id)
  ) ENGINE = InnoDB`,
  "INSERT IGNORE INTO schema_migration_lease (id, owner, expires_at) VALUES (1, NULL, UTC_TIMESTAMP(3))",
];

/** "It is there already" and "it is gone already": what a statement says that a crash left unrecorded. */
const alreadyDone = new Set([1050, 1051, 1060, 1061, 1068, 1091, 1826]);

/**
 * Applies the migrations that are not applied yet, in order, forward only.
 *
 * Any number of nodes may call it at once: one works, the others wait and find
 * nothing left. A definition cannot be rolled back, so each statement is
 * written down as it is done, and a node that goes on after a crash begins
 * with the statement that may or may not have been applied. Throws when an
 * applied statement reads differently today.
 */
export const migrate = async ({
  db,
  log,
  folder = migrationsFolder,
  leaseSeconds = 30,
}: MigrateOptions): Promise<{ readonly applied: readonly string[] }> => {
  const migrations = await readMigrations(folder);
  for (const table of ownTables) await db.run(table);

  const lease = await waitForLease(db, leaseSeconds, log);
  try {
    const progress = await readProgress(db);
    for (const m of migrations) mustBeUnchanged(m, progress.get(m.name));
    const known = new Set(migrations.map((m) => m.name));
    const foreign = [...progress.keys()].filter((name) => !known.has(name));
    if (foreign.length > 0) log?.warn({ migrations: foreign }, "the database has migrations of another release");

    const pending = migrations.filter((m) => progress.get(m.name)?.finished !== 1);
    for (const m of pending) {
      await apply(db, lease, m, progress.get(m.name));
      log?.info({ migration: m.name }, "a migration was applied");
    }
    return { applied: pending.map((m) => m.name) };
  } finally {
    await lease.release();
  }
};

/** Names the migrations that are not applied; empty when the database is up to date. Changes nothing. */
export const pendingMigrations = async (db: Database, folder: URL = migrationsFolder): Promise<readonly string[]> =>
  notApplied(db, await readMigrations(folder));

/** Of these migrations, names those that are not applied. */
export const notApplied = async (db: Database, migrations: readonly Migration[]): Promise<readonly string[]> => {
  const progress = await readProgress(db).catch((error: unknown) => {
    if (error instanceof SqlError && error.errno === 1146) return new Map<string, Progress>();
    throw error;
  });
  return migrations.filter((m) => progress.get(m.name)?.finished !== 1).map((m) => m.name);
};

const waitForLease = async (db: Database, seconds: number, log: DatabaseLog | undefined): Promise<Lease> => {
  const owner = uuidBytes(uuid4());
  for (let tries = 0; ; tries++) {
    const lease = await acquireLease(db, owner, seconds);
    if (lease !== undefined) return lease;
    if (tries === 0) log?.info({}, "another node is migrating; waiting for it");
    await sleep(POLL_MS);
  }
};

const readProgress = async (db: Database): Promise<ReadonlyMap<string, Progress>> => {
  const rows = await db.query<Progress>("SELECT name, done, digest, finished FROM schema_migrations");
  return new Map(rows.map((row) => [row.name, row]));
};

const mustBeUnchanged = (m: Migration, progress: Progress | undefined): void => {
  if (progress === undefined) return;
  const same = statementsDigest(m.statements.slice(0, progress.done)).equals(progress.digest);
  if (same && (progress.finished !== 1 || progress.done === m.statements.length)) return;
  throw new Error(`the migration ${m.name} was changed after it was applied; write a new one instead`);
};

const apply = async (db: Database, lease: Lease, m: Migration, progress: Progress | undefined): Promise<void> => {
  const resumed = progress !== undefined;
  if (!resumed) await write(db, m, 0);
  const from = progress?.done ?? 0;
  for (const [index, statement] of m.statements.entries()) {
    if (index < from) continue;
    await lease.mustHold();
    await applyStatement(db, m, statement, index + 1, resumed && index === from);
  }
  await db.execute("UPDATE schema_migrations SET finished = 1, updated_at = UTC_TIMESTAMP(3) WHERE name = ?", [m.name]);
};

/** Applies one statement and writes it down: data in one transaction, a definition one after the other. */
const applyStatement = async (
  db: Database,
  m: Migration,
  statement: string,
  done: number,
  mayBeDone: boolean,
): Promise<void> => {
  if (/^(?:INSERT|UPDATE|DELETE|REPLACE)\b/i.test(statement)) {
    await db.transaction(async (tx) => {
      await tx.execute(statement);
      await write(tx, m, done);
    });
    return;
  }
  try {
    await db.run(statement);
  } catch (error) {
    if (!(mayBeDone && error instanceof SqlError && alreadyDone.has(error.errno))) throw error;
  }
  await write(db, m, done);
};

const write = async (sql: Pick<Database, "execute">, m: Migration, done: number): Promise<void> => {
  const digest = statementsDigest(m.statements.slice(0, done));
  await sql.execute(
    `INSERT INTO schema_migrations (name, done, digest, finished, updated_at) VALUES (?, ?, ?, 0, UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE done = ?, digest = ?, updated_at = UTC_TIMESTAMP(3)`,
    [m.name, done, digest, done, digest],
  );
};
