import type { Sql, SqlValue } from "./sql.ts";

/**
 * Rows of one statement. Few sizes, so that few statements are prepared: a connection holds each of them, with what is
 * known of all of its values, as long as it is open, in the memory of both ends.
 */
const sizes = [256, 64, 16, 4, 1];

/** Writes many rows of one table. */
export const insertRows = async (
  tx: Sql,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
): Promise<void> => {
  const one = `(${columns.map(() => "?").join(", ")})`;
  let at = 0;
  for (const size of sizes)
    for (; rows.length - at >= size; at += size)
      await tx.execute(
        `INSERT INTO ${table} (${columns.join(", ")}) VALUES ${Array.from({ length: size }, () => one).join(", ")}`,
        rows.slice(at, at + size).flat(),
      );
};
