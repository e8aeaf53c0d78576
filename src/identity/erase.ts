import type { Sql } from "../db/sql.ts";
import { uuidBytes } from "../lib/ids.ts";
import type { IdentityRecord } from "./identity.ts";
import { forgetIdentity, type IdentityRow, identityColumns, identityFromRow } from "./store.ts";

/**
 * THE list of tables with rows of a person, and the columns that say whose they are: what erasure deletes, whoever asks
 * for it. What is stored of nobody has no such column; a behaviour test holds the list against the schema of the
 * database. Messages and events come before jobs: theirs may be queued until then (jobs/relay.ts).
 */
export const personTables = [
  ["continuations", "home_id"],
  ["flows", "home_id"],
  ["flows", "subject_id"],
  ["sessions", "identity_id"],
  ["trusted_devices", "identity_id"],
  ["account_deletions", "identity_id"],
  ["courier_messages", "identity_id"],
  ["security_events", "identity_id"],
  ["jobs", "identity_id"],
  ["pending_addresses", "identity_id"],
  ["address_undos", "identity_id"],
  ["repeated_requests", "identity_id"],
  ["invitations", "identity_id"],
  ["identity_addresses", "identity_id"],
  ["identity_identifiers", "identity_id"],
  ["identity_credentials", "identity_id"],
  ["identities", "id"],
] as const;

/**
 * Deletes a person with everything that is theirs, and what was sent to their addresses before anybody knew whose they
 * are; messages to others stay, also where a user name of this person is their address. False: there is none. Begins
 * with their row, as every change.
 */
export const eraseIdentity = async (tx: Sql, id: string): Promise<boolean> => {
  const key = [uuidBytes(id)];
  const { affectedRows } = await tx.execute("UPDATE identities SET turn = turn + 1 WHERE id = ?", key);
  if (affectedRows === 0) return false;
  const [row] = await tx.query<IdentityRow>(`SELECT ${identityColumns} FROM identities i WHERE i.id = ?`, key);
  const recipients = row === undefined ? [] : reachedAt(identityFromRow(row));
  for (const recipient of recipients)
    await tx.execute("DELETE FROM courier_messages WHERE recipient = ? AND (identity_id IS NULL OR identity_id = ?)", [
      recipient,
      ...key,
    ]);
  for (const [table, column] of personTables) await tx.execute(`DELETE FROM ${table} WHERE ${column} = ?`, key);
  forgetIdentity(id);
  return true;
};

/** Addresses of the person, those of codes among them. A user name may be the address of somebody else. */
const reachedAt = ({ verifiable, recovery, credentials }: IdentityRecord): readonly string[] => [
  ...new Set([...[...verifiable, ...recovery].map(({ value }) => value), ...(credentials.code?.identifiers ?? [])]),
];
