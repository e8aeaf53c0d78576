import { randomInt } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { createDatabase } from "../../src/db/pool.ts";
import { startPrivateDatabase } from "../../src/db/private.ts";
import { startCluster } from "./galera/cluster.ts";
import { createTemplate, type Template } from "./template.ts";

/*
 * One real database server for a whole test run: MariaDB, MySQL with
 * ENGINE=mysql, three nodes of Galera with ENGINE=galera, or whatever
 * OSTIARY_TEST_DSN names. Test files get its DSN by `inject("dsn")`, and an empty
 * database of their own by `freshDatabase()`.
 */

declare module "vitest" {
  interface ProvidedContext {
    /** Of the run's server, `mysql://root@unix(…)/ostiary?parseTime=true`. */
    readonly dsn: string;
    /** The same, one for each server of a cluster: that one first, the others where it fails. */
    readonly dsns: readonly string[];
    readonly dialect: "mariadb" | "mysql";
    /** A database on it that has all migrations, to be copied. */
    readonly template: Template;
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
  clearLeftovers();
  const dataDir = path.join(runs, String(process.pid));
  const { dsns, version, stop } = await startServers(dataDir);
  process.stdout.write(`database of this run: ${version}\n`);
  project.provide("dsn", dsns[0] ?? "");
  project.provide("dsns", dsns);
  project.provide("dialect", /mariadb/i.test(version) ? "mariadb" : "mysql");
  const template = await createTemplate(dsns[0] ?? "");
  project.provide("template", template.copied);
  const seed = process.env.PROPERTY_SEED ? Number(process.env.PROPERTY_SEED) : randomInt(2 ** 31);
  if (!Number.isSafeInteger(seed)) throw new Error("PROPERTY_SEED is not a whole number");
  process.stdout.write(`properties of this run: PROPERTY_SEED=${seed}\n`);
  project.provide("seed", seed);
  const notes = notesOf(process.pid);
  mkdirSync(notes, { recursive: true });
  project.provide("notes", notes);
  return async () => {
    await template.drop();
    await stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}

interface Servers {
  readonly dsns: readonly string[];
  readonly version: string;
  stop(): Promise<void>;
}

/** A test run's data dies with it, so nothing waits for the disk. */
const careless = ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"];

/** The tables of several files' servers stay open: there are more of them than a server keeps open by default. */
const manyTables = ["--table-open-cache=8000", "--table-definition-cache=8000"];

/**
 * Every test file makes databases of its own and drops them: with a file for each table that would take longer than
 * most tests.
 */
const manyDatabases = {
  mariadb: ["--innodb-file-per-table=0", "--innodb-flush-method=nosync", "--sync-frm=0", ...manyTables],
  mysql: ["--innodb-file-per-table=0", ...manyTables],
} as const;

const startServers = async (dataDir: string): Promise<Servers> => {
  const given = process.env.OSTIARY_TEST_DSN;
  if (given) return { dsns: [given], version: await versionOf(given), stop: () => Promise.resolve() };
  const engine = process.env.ENGINE || "mariadb";
  if (engine === "galera") {
    const cluster = await startCluster({ folder: path.join(dataDir, "galera"), options: careless });
    return { ...cluster, version: `${await versionOf(cluster.dsns[0] ?? "")}, three nodes of Galera` };
  }
  if (engine !== "mariadb" && engine !== "mysql")
    throw new Error(`ENGINE is ${engine}; it can be mariadb, mysql or galera`);
  if (engine === "mysql") process.env.OSTIARY_MYSQLD = mysqlProgram; // also for the servers that tests start themselves
  const database = await startPrivateDatabase({
    dataDir,
    engine,
    log: { info: () => undefined, error: (_, message) => process.stderr.write(`${message}\n`) },
    options: [...careless, ...manyDatabases[engine]],
  });
  return { dsns: [database.dsn], version: `${engine} ${database.version}`, stop: () => database.stop() };
};

const versionOf = async (dsn: string): Promise<string> => {
  const db = createDatabase({ dsn, poolSize: 1 });
  try {
    await db.ping();
    return `${db.dialect} ${db.version}`;
  } finally {
    await db.close();
  }
};

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
