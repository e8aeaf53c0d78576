import { createConnection } from "mysql2/promise";
import { migrate } from "../../src/db/migrate.ts";
import { createDatabase } from "../../src/db/pool.ts";
import { parseDsn } from "../../src/lib/dsn.ts";

/** What of a migrated database a copy needs. */
export interface Template {
  readonly name: string;
  /** All tables. */
  readonly tables: readonly string[];
  /** Those that migrations put rows into. */
  readonly filled: readonly string[];
}

/** A migrated database that is there for as long as the run. */
export interface MigratedTemplate {
  readonly copied: Template;
  drop(): Promise<void>;
}

/** Migrates a database of its own on the server that a DSN leads to. */
export const createTemplate = async (dsn: string): Promise<MigratedTemplate> => {
  const name = `template_${process.pid}`;
  const { addresses, user, password } = parseDsn(dsn);
  const query = async <Row>(sql: string): Promise<readonly Row[]> => {
    const connection = await createConnection({ ...addresses[0], user, password });
    const [rows] = await connection.query(sql).finally(() => connection.end());
    return rows as unknown as readonly Row[];
  };
  await query(`DROP DATABASE IF EXISTS ${name}`);
  await query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  const db = createDatabase({ dsn: dsnOf(dsn, name), poolSize: 2 });
  try {
    await migrate({ db });
    const rows = await query<{ readonly name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '${name}' ORDER BY 1`,
    );
    const tables = rows.map((row) => row.name);
    const counts = await Promise.all(tables.map((table) => query(`SELECT 1 FROM ${name}.${table} LIMIT 1`)));
    const filled = tables.filter((_, index) => counts[index]?.length !== 0);
    return { copied: { name, tables, filled }, drop: async () => void (await query(`DROP DATABASE ${name}`)) };
  } finally {
    await db.close();
  }
};

/** The DSN of another database on the same server. */
export const dsnOf = (dsn: string, name: string): string => dsn.replace(/\/\w+(?=\?|$)/, `/${name}`);

/** The statements that make a database a copy of the template: the same tables, none of whose rows is a person's. */
export const copyOf = ({ name, tables, filled }: Template, database: string): readonly string[] => [
  ...tables.map((table) => `CREATE TABLE ${database}.${table} LIKE ${name}.${table}`),
  ...filled.map((table) => `INSERT INTO ${database}.${table} SELECT * FROM ${name}.${table}`),
];
