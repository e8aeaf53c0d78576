import { randomBytes } from "node:crypto";
import { createConnection } from "mysql2/promise";
import { inject } from "vitest";

/** An empty database on the run's server. */
export interface FreshDatabase {
  /** Leads to this database. */
  readonly dsn: string;
  readonly name: string;
  /** For tests that look at the tables themselves: options for `createConnection` or `createPool` of mysql2. */
  readonly connection: { readonly socketPath: string; readonly user: string; readonly database: string };
  drop(): Promise<void>;
}

/**
 * Makes an empty database for one test file, so that files run side by side:
 *
 * ```ts
 * const database = await freshDatabase();
 * afterAll(() => database.drop());
 * ```
 */
export async function freshDatabase(): Promise<FreshDatabase> {
  const dsn = inject("dsn");
  const socketPath = /@unix\(([^)]+)\)/.exec(dsn)?.[1];
  if (socketPath === undefined) throw new Error(`the run's DSN has no socket: ${dsn}`);
  const name = `test_${randomBytes(6).toString("hex")}`;
  const query = async (sql: string) => {
    const connection = await createConnection({ socketPath, user: "root" });
    await connection.query(sql).finally(() => connection.end());
  };
  await query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  return {
    dsn: dsn.replace(/\)\/\w+/, `)/${name}`),
    name,
    connection: { socketPath, user: "root", database: name },
    drop: () => query(`DROP DATABASE IF EXISTS ${name}`),
  };
}
