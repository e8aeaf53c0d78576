import type { Sql } from "../db/sql.ts";
import { uuidBytes } from "../lib/ids.ts";

/**
 * Every table with rows of a person, and the column that says whose they are. What is kept of nobody has no such
 * column; a behaviour test holds the list against the schema of the database.
 */
export const personTables = [
  ["continuations", "home_id"],
  ["flows", "home_id"],
  ["sessions", "identity_id"],
  ["trusted_devices", "identity_id"],
  ["security_events", "identity_id"],
  ["identity_addresses", "identity_id"],
  ["identity_identifiers", "identity_id"],
  ["identity_credentials", "identity_id"],
  ["identities", "id"],
] as const;

/** Deletes a person with everything that is theirs. False: there is none. Begins with their row, as every change. */
export const eraseIdentity = async (tx: Sql, id: string): Promise<boolean> => {
  const key = [uuidBytes(id)];
  const { affectedRows } = await tx.execute("UPDATE identities SET turn = turn + 1 WHERE id = ?", key);
  if (affectedRows === 0) return false;
  for (const [table, column] of personTables) await tx.execute(`DELETE FROM ${table} WHERE ${column} = ?`, key);
  return true;
};
