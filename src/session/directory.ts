import type { Sql } from "../db/sql.ts";
import { type IdentityRow, identityColumns, identityFromRow } from "../identity/store.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import type { SignedIn } from "./session.ts";
import { type SessionCursor, type SessionKey, type SessionRow, sessionColumns, sessionFromRow } from "./store.ts";

/** Which part of a list is asked for, newest first. */
export interface SessionPage {
  readonly after: SessionCursor | undefined;
  readonly limit: number;
  readonly offset: number;
  /** Only those that are active at a time, or only those that are not; undefined: all. */
  readonly active: boolean | undefined;
  readonly now: Date;
}

/** Sessions of everybody, for operators. */
export interface SessionDirectory {
  find(sql: Sql, id: string): Promise<SignedIn | undefined>;
  all(sql: Sql, page: SessionPage): Promise<readonly SignedIn[]>;
  ofIdentity(sql: Sql, identityId: string, page: SessionPage): Promise<readonly SignedIn[]>;
  /** How many sessions a person has, on all pages. */
  countOfIdentity(sql: Sql, identityId: string, page: Pick<SessionPage, "active" | "now">): Promise<number>;
  /** Which sessions there are of these ids. */
  keysOf(sql: Sql, ids: readonly string[]): Promise<readonly SessionKey[]>;
  /** Some sessions of everybody: with `active`, of those that are not revoked. */
  someKeys(sql: Sql, limit: number, active: boolean): Promise<readonly SessionKey[]>;
  /** Moves the end of a live session. Only where the person is locked. */
  extend(tx: Sql, key: SessionKey, expiresAt: Date): Promise<void>;
  /** Revokes all of a person; returns how many were active. Only where the person is locked, as the following. */
  disableAll(tx: Sql, identityId: string): Promise<number>;
  disableSome(tx: Sql, identityId: string, ids: readonly string[]): Promise<number>;
  deleteAll(tx: Sql, identityId: string): Promise<number>;
  deleteSome(tx: Sql, identityId: string, ids: readonly string[]): Promise<number>;
}

type Row = SessionRow & IdentityRow;
const signedIn = (row: Row): SignedIn => ({ session: sessionFromRow(row), identity: identityFromRow(row) });
const marks = (list: readonly unknown[]): string => list.map(() => "?").join(", ");

interface KeyRow {
  readonly id: Buffer;
  readonly identity_id: Buffer;
}
const keyFromRow = (row: KeyRow): SessionKey => ({ id: uuidText(row.id), identityId: uuidText(row.identity_id) });

/** The conditions of a page beside whose sessions it is about. */
const conditionsOf = ({ after, active, now }: Pick<SessionPage, "after" | "active" | "now">) => {
  const live = "s.active = 1 AND s.expires_at > ? AND i.state = 'active'";
  const parts = [
    ...(after ? ["(s.issued_at < ? OR (s.issued_at = ? AND s.id < ?))"] : []),
    ...(active === undefined ? [] : [active ? live : `NOT (${live})`]),
  ];
  const values = [
    ...(after ? [after.issuedAt, after.issuedAt, uuidBytes(after.id)] : []),
    ...(active === undefined ? [] : [now]),
  ];
  return { sql: parts.map((part) => ` AND ${part}`).join(""), values };
};

const orderOf = ({ limit, offset }: SessionPage): string =>
  `ORDER BY s.issued_at DESC, s.id DESC LIMIT ${Number(limit)} OFFSET ${Number(offset)}`;

const from = `SELECT ${sessionColumns}, ${identityColumns} FROM sessions s JOIN identities i ON i.id = s.identity_id`;

/** Creates it. It keeps no state of its own. */
export const createSessionDirectory = (): SessionDirectory => ({
  async find(sql, id) {
    const [row] = await sql.query<Row>(`${from} WHERE s.id = ?`, [uuidBytes(id)]);
    return row && signedIn(row);
  },

  async all(sql, page) {
    const { sql: conditions, values } = conditionsOf(page);
    const rows = await sql.query<Row>(`${from} WHERE s.issued_at <= ?${conditions} ${orderOf(page)}`, [
      page.now,
      ...values,
    ]);
    return rows.map(signedIn);
  },

  async ofIdentity(sql, identityId, page) {
    const { sql: conditions, values } = conditionsOf(page);
    const rows = await sql.query<Row>(`${from} WHERE s.identity_id = ?${conditions} ${orderOf(page)}`, [
      uuidBytes(identityId),
      ...values,
    ]);
    return rows.map(signedIn);
  },

  async countOfIdentity(sql, identityId, page) {
    const { sql: conditions, values } = conditionsOf({ ...page, after: undefined });
    const [row] = await sql.query<{ n: number }>(
      `SELECT COUNT(*) AS n FROM sessions s JOIN identities i ON i.id = s.identity_id
        WHERE s.identity_id = ?${conditions}`,
      [uuidBytes(identityId), ...values],
    );
    return Number(row?.n ?? 0);
  },

  async keysOf(sql, ids) {
    if (ids.length === 0) return [];
    const rows = await sql.query<KeyRow>(
      `SELECT s.id, s.identity_id FROM sessions s WHERE s.id IN (${marks(ids)})`,
      ids.map(uuidBytes),
    );
    return rows.map(keyFromRow);
  },

  async someKeys(sql, limit, active) {
    const rows = await sql.query<KeyRow>(
      `SELECT s.id, s.identity_id FROM sessions s${active ? " WHERE s.active = 1" : ""} LIMIT ${Number(limit)}`,
    );
    return rows.map(keyFromRow);
  },

  async extend(tx, { id, identityId }, expiresAt) {
    await tx.execute("UPDATE sessions SET expires_at = ? WHERE identity_id = ? AND id = ? AND active = 1", [
      expiresAt,
      uuidBytes(identityId),
      uuidBytes(id),
    ]);
  },

  async disableAll(tx, identityId) {
    const { affectedRows } = await tx.execute("UPDATE sessions SET active = 0 WHERE identity_id = ? AND active = 1", [
      uuidBytes(identityId),
    ]);
    return affectedRows;
  },

  async disableSome(tx, identityId, ids) {
    const { affectedRows } = await tx.execute(
      `UPDATE sessions SET active = 0 WHERE identity_id = ? AND id IN (${marks(ids)}) AND active = 1`,
      [uuidBytes(identityId), ...ids.map(uuidBytes)],
    );
    return affectedRows;
  },

  async deleteAll(tx, identityId) {
    const { affectedRows } = await tx.execute("DELETE FROM sessions WHERE identity_id = ?", [uuidBytes(identityId)]);
    return affectedRows;
  },

  async deleteSome(tx, identityId, ids) {
    const { affectedRows } = await tx.execute(`DELETE FROM sessions WHERE identity_id = ? AND id IN (${marks(ids)})`, [
      uuidBytes(identityId),
      ...ids.map(uuidBytes),
    ]);
    return affectedRows;
  },
});
