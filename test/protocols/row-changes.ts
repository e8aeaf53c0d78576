import type { TestServer } from "./server.ts";

/** Tables that count or lease, whatever becomes of a request. */
const besides: ReadonlySet<string> = new Set(["attempts", "jobs", "ostiary_migrations"]);

/** Every row there is, by table and key, and in it every column's value as text. */
export type Rows = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** The tables whose rows are compared, with the columns of their keys. */
type Tables = ReadonlyMap<string, readonly string[]>;

/** Finding them takes longer than reading their rows: once for each database. */
const tablesOf = new WeakMap<TestServer["database"], Promise<Tables>>();

const findTables = async (server: TestServer): Promise<Tables> => {
  const columns = await server.sql<{ tableName: string; columnName: string }>(
    `SELECT TABLE_NAME AS tableName, COLUMN_NAME AS columnName FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = ? AND COLUMN_KEY = 'PRI' ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    [server.database.name],
  );
  const byTable = Map.groupBy(columns, ({ tableName }) => tableName);
  return new Map(
    [...byTable]
      .filter(([table]) => !besides.has(table))
      .map(([table, keys]) => [table, keys.map(({ columnName }) => columnName)]),
  );
};

const tablesIn = (server: TestServer): Promise<Tables> => {
  const tables = tablesOf.get(server.database) ?? findTables(server);
  tablesOf.set(server.database, tables);
  return tables;
};

/** Reads all rows of all tables that have a key, but for those that count or lease. */
export const allRows = async (server: TestServer): Promise<Rows> => {
  const tables = [...(await tablesIn(server))];
  const rows = new Map<string, Readonly<Record<string, string>>>();
  // In one round trip: most of them are empty.
  const found = await server.sql<readonly Record<string, unknown>[]>(
    tables.map(([table]) => `SELECT * FROM ${table}`).join("; "),
  );
  for (const [index, [table, keys]] of tables.entries())
    for (const row of found[index] ?? []) {
      const texts = Object.fromEntries(Object.entries(row).map(([column, value]) => [column, textOf(value)]));
      rows.set(`${table} ${keys.map((column) => texts[column]).join(" ")}`, texts);
    }
  return rows;
};

/** Removes all rows of the tables that `before` has no row of: what was made since then is not read again. */
export const emptyTables = async (server: TestServer, before: Rows): Promise<void> => {
  const filled = new Set([...before.keys()].map(tableOf));
  const tables = [...(await tablesIn(server)).keys()].filter((table) => !filled.has(table));
  await server.sql(tables.map((table) => `DELETE FROM ${table}`).join("; "));
};

const textOf = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString("hex") : JSON.stringify(value));

const tableOf = (key: string): string | undefined => key.split(" ", 1)[0];

/**
 * What kind of change lies between two readings, with no word of whose rows it
 * was: `identities ~ traits version`, `sessions +`, `continuations -`. One line a row.
 */
export const changesBetween = (before: Rows, after: Rows): readonly string[] => {
  const lines: string[] = [];
  for (const [key, row] of after) {
    const old = before.get(key);
    if (old === undefined) lines.push(`${tableOf(key)} +`);
    else {
      const changed = Object.keys(row).filter((column) => row[column] !== old[column] && column !== "turn");
      if (changed.length > 0) lines.push(`${tableOf(key)} ~ ${changed.join(" ")}`);
    }
  }
  for (const key of before.keys()) if (!after.has(key)) lines.push(`${tableOf(key)} -`);
  return lines.sort();
};
