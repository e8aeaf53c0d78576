/**
 * Reads a JSON column, null for SQL NULL.
 *
 * Both families hand the column over as text: MySQL could parse it for us, but
 * MariaDB's JSON is a LONGTEXT whose kind gets lost in a join, and a parsed JSON
 * string could then not be distinguished from one that still has to be parsed.
 */
export const readJson = <T>(column: unknown): T => (column === null ? null : JSON.parse(column as string)) as T;
