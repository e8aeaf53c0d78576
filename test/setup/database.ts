import { randomInt } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { startPrivateDatabase } from "../../src/db/private.ts";

/*
 * One real database server for a whole test run: MariaDB, or MySQL with
 * ENGINE=mysql. Test files get its DSN by `inject("dsn")`, and an empty
 * database of their own by `freshDatabase()`.
 */

declare module "vitest" {
  interface ProvidedContext {
    /** Of the run's server, `mysql://root@unix(…)/ostiary?parseTime=true`. */
    readonly dsn: string;
    /** A folder in which the run's processes note what they saw. */
    readonly notes: string;
    /** What tests of properties draw their values from (seeded.ts). */
    readonly seed: number;
  }
}

const root = path.resolve(import.meta.dirname, "../..");
const runs = path.join(root, ".data", "test");

/** Where the processes of a run note what they saw; gone when the run is over. */
export const notesOf = (pid: number): string => path.join(runs, String(pid), "notes");

/** MySQL is not in Debian stable: scripts/fetch-mysql unpacks one here. */
const mysqlProgram = path.join(root, ".cache", "mysql", "mysqld");

/** Starts the server before the first test file and stops it after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = process.env.ENGINE || "mariadb";
  if (engine !== "mariadb" && engine !== "mysql") throw new Error(`ENGINE is ${engine}; it can be mariadb or mysql`);
  if (engine === "mysql") process.env.OSTIARY_MYSQLD = mysqlProgram; // also for the servers that tests start themselves
  clearLeftovers();
  const dataDir = path.join(runs, String(process.pid));
  const database = await startPrivateDatabase({
    dataDir,
    engine,
    log: { info: () => undefined, error: (_, message) => process.stderr.write(`${message}\n`) },
    // A test run's data dies with it, so nothing waits for the disk.
    options: ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"],
  });
  process.stdout.write(`database of this run: ${database.engine} ${database.version}\n`);
  project.provide("dsn", database.dsn);
  const seed = process.env.PROPERTY_SEED ? Number(process.env.PROPERTY_SEED) : randomInt(2 ** 31);
  if (!Number.isSafeInteger(seed)) throw new Error("PROPERTY_SEED is not a whole number");
  process.stdout.write(`properties of this run: PROPERTY_SEED=${seed}\n`);
  project.provide("seed", seed);
  const notes = notesOf(process.pid);
  mkdirSync(notes, { recursive: true });
  project.provide("notes", notes);
  return async () => {
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}

/** Folders of runs that were killed; each is named after its process. */
function clearLeftovers(): void {
  mkdirSync(runs, { recursive: true });
  for (const name of readdirSync(runs)) {
    if (!isAlive(Number(name))) rmSync(path.join(runs, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
