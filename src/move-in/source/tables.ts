import type { Sql } from "../../db/sql.ts";

/** Tables that a move reads, with the columns that not every release of Ory Kratos has. */
const needed = [
  "networks",
  "identities",
  "identity_credentials",
  "identity_credential_types",
  "identity_credential_identifiers",
  "identity_verifiable_addresses",
  "identity_recovery_addresses",
  "sessions",
] as const;

/** Which tables and columns a database has. */
export interface Tables {
  has(table: string, column?: string): boolean;
  /** A column of a table, or NULL under its name. */
  orNull(table: string, column: string): string;
  /** Names of tables without which nothing can be moved. */
  readonly missing: readonly string[];
}

/** Looks which tables and columns there are. */
export const readTables = async (sql: Pick<Sql, "query">): Promise<Tables> => {
  const rows = await sql.query<{ readonly t: string; readonly c: string }>(
    "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = DATABASE()",
  );
  const names = new Set(rows.flatMap(({ t, c }) => [t, `${t}.${c}`]));
  const has = (table: string, column?: string) => names.has(column === undefined ? table : `${table}.${column}`);
  return {
    has,
    orNull: (table, column) => (has(table, column) ? column : `NULL AS ${column}`),
    missing: needed.filter(
      (table) => !has(table) || (table !== "networks" && !/_types$/.test(table) && !has(table, "nid")),
    ),
  };
};
