import type { Sql } from "../db/sql.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";

/** The pending deletion of an account. */
export interface PlannedDeletion {
  readonly identityId: string;
  readonly requestedBy: "owner" | "operator";
  readonly requestedAt: Date;
  readonly dueAt: Date;
}

/** The pending deletions: at most one of each person. */
export interface DeletionStore {
  /** @param undoDigest SHA-256 of the token that calls it off */
  insert(tx: Sql, deletion: PlannedDeletion, undoDigest: Buffer): Promise<void>;
  find(sql: Sql, identityId: string): Promise<PlannedDeletion | undefined>;
  findByUndo(sql: Sql, undoDigest: Buffer): Promise<PlannedDeletion | undefined>;
  /** Calls it off. False: none waits. */
  remove(tx: Sql, identityId: string): Promise<boolean>;
}

interface Row {
  readonly identity_id: Buffer;
  readonly requested_by: string;
  readonly requested_at: Date;
  readonly due_at: Date;
}

const columns = "identity_id, requested_by, requested_at, due_at";

const read = (row: Row): PlannedDeletion => ({
  identityId: uuidText(row.identity_id),
  requestedBy: row.requested_by === "operator" ? "operator" : "owner",
  requestedAt: row.requested_at,
  dueAt: row.due_at,
});

/** The store. It keeps no state of its own. */
export const deletionStore: DeletionStore = {
  async insert(tx, { identityId, requestedBy, requestedAt, dueAt }, undoDigest) {
    await tx.execute(`INSERT INTO account_deletions (${columns}, undo_digest) VALUES (?, ?, ?, ?, ?)`, [
      uuidBytes(identityId),
      requestedBy,
      requestedAt,
      dueAt,
      undoDigest,
    ]);
  },

  async find(sql, identityId) {
    const [row] = await sql.query<Row>(`SELECT ${columns} FROM account_deletions WHERE identity_id = ?`, [
      uuidBytes(identityId),
    ]);
    return row && read(row);
  },

  async findByUndo(sql, undoDigest) {
    const [row] = await sql.query<Row>(`SELECT ${columns} FROM account_deletions WHERE undo_digest = ?`, [undoDigest]);
    return row && read(row);
  },

  async remove(tx, identityId) {
    const { affectedRows } = await tx.execute("DELETE FROM account_deletions WHERE identity_id = ?", [
      uuidBytes(identityId),
    ]);
    return affectedRows === 1;
  },
};
