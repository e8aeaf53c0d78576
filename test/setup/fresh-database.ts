import { randomBytes } from "node:crypto";
import { createConnection } from "mysql2/promise";
import { inject } from "vitest";
import { parseDsn } from "../../src/lib/dsn.ts";
import { copyOf, dsnOf } from "./template.ts";

/** An empty database on the run's server. */
export interface FreshDatabase {
  /** Leads to this database. */
  readonly dsn: string;
  /** For one more server beside: by another node first, where the database is a cluster. */
  readonly besideDsn: string;
  readonly name: string;
  /** For tests that look at the tables themselves: options for `createConnection` or `createPool` of mysql2. */
  readonly connection: DatabaseConnection;
  drop(): Promise<void>;
}

/** Where and as whom a test enters a database: in the driver's words. */
export type DatabaseConnection = DatabasePlace & {
  readonly user: string;
  readonly password?: string;
  readonly database: string;
};

/** A socket, or a port. */
export type DatabasePlace =
  | { readonly socketPath: string }
  | { readonly socketPath?: never; readonly host: string; readonly port: number };

/**
 * Makes an empty database for one test file, so that files run side by side;
 * on a cluster each is reached through another node:
 *
 * ```ts
 * const database = await freshDatabase();
 * afterAll(() => database.drop());
 * ```
 */
export const freshDatabase = (): Promise<FreshDatabase> => makeDatabase(() => []);

/** The same, and all migrations are applied: a copy of one that was migrated once, because that takes longer. */
export const migratedDatabase = (): Promise<FreshDatabase> => makeDatabase((name) => copyOf(inject("template"), name));

const makeDatabase = async (fill: (name: string) => readonly string[]): Promise<FreshDatabase> => {
  const dsns = inject("dsns");
  const letters = randomBytes(6);
  const name = `test_${letters.toString("hex")}`;
  const dsnAt = (index: number) => dsnOf(dsns[index % dsns.length] ?? "", name);
  const node = letters.readUInt8();
  const { addresses, user, password } = parseDsn(dsnAt(node));
  const login = { ...addresses[0], user, password };
  const query = async (sql: string) => {
    const connection = await createConnection({ ...login, multipleStatements: true });
    await connection.query(sql).finally(() => connection.end());
  };
  await query([`CREATE DATABASE ${name} CHARACTER SET utf8mb4`, ...fill(name)].join("; "));
  return {
    dsn: dsnAt(node),
    besideDsn: dsnAt(node + 1),
    name,
    connection: { ...login, database: name },
    drop: () => query(`DROP DATABASE IF EXISTS ${name}`),
  };
};
