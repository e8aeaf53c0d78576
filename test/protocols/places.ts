import type { TestServer } from "./server.ts";

/* Where something stands in the database of a server, whatever tables that has. */

/** Every table. */
const tablesOf = async (server: TestServer): Promise<readonly string[]> =>
  (
    await server.sql<{ t: string }>(
      "SELECT table_name AS t FROM information_schema.tables WHERE table_schema = DATABASE()",
    )
  ).map(({ t }) => t);

/** Where one of some bytes stands: `table.column`, with how often. */
export const placesOf = async (
  server: TestServer,
  needles: readonly Buffer[],
): Promise<Readonly<Record<string, number>>> => {
  const found: Record<string, number> = {};
  for (const table of await tablesOf(server))
    for (const row of await server.sql(`SELECT * FROM ${table}`))
      for (const [column, value] of Object.entries(row)) {
        const bytes = Buffer.isBuffer(value)
          ? value
          : Buffer.from(typeof value === "object" ? JSON.stringify(value) : String(value));
        if (needles.some((needle) => bytes.includes(needle)))
          found[`${table}.${column}`] = (found[`${table}.${column}`] ?? 0) + 1;
      }
  return found;
};

/** How many rows each table has. */
export const rowCounts = async (server: TestServer): Promise<Readonly<Record<string, number>>> => {
  const counts: Record<string, number> = {};
  for (const table of await tablesOf(server))
    counts[table] = Number((await server.sql<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n);
  return counts;
};
