import { readdir, readFile } from "node:fs/promises";
import { sha256 } from "../lib/digest.ts";
import { splitStatements } from "./statements.ts";

/** One numbered file of SQL. */
export interface Migration {
  /** The file's name without `.sql`, e.g. `0001_baseline`. */
  readonly name: string;
  readonly statements: readonly string[];
}

/** The project's own migrations. */
export const migrationsFolder = new URL("./migrations/", import.meta.url);

/**
 * Reads the migrations of a folder in the order of their numbers. Throws when a name is not `NNNN_what.sql` or a
 * number stands twice.
 */
export const readMigrations = async (folder: URL): Promise<readonly Migration[]> => {
  const files = (await readdir(folder)).filter((f) => f.endsWith(".sql")).sort();
  const numbers = files.map((f) => /^(\d{4})_[a-z0-9_]+\.sql$/.exec(f)?.[1]);
  for (const [at, number] of numbers.entries()) {
    if (number === undefined) throw new Error(`the migration ${files[at]} is not named NNNN_what.sql`);
    if (numbers.indexOf(number) !== at) throw new Error(`two migrations have the number ${number}`);
  }
  return Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -".sql".length),
      statements: splitStatements(await readFile(new URL(file, folder), "utf8")),
    })),
  );
};

/** The SHA-256 of statements as they were applied; white space does not count. */
export const statementsDigest = (statements: readonly string[]): Buffer =>
  sha256(statements.map((s) => s.replace(/\s+/g, " ")).join(";\n"));
