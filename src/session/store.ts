import { readJson } from "../db/read-json.ts";
import type { Database, Sql, SqlValue } from "../db/sql.ts";
import { type IdentityRow, identityColumns, identityFromRow } from "../identity/store.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { createBatch } from "./batch.ts";
import type { SessionRecord, SignedIn } from "./session.ts";

/** A row of `sessions`, under the aliases of `sessionColumns`. */
export interface SessionRow {
  readonly s_id: Buffer;
  readonly s_identity_id: Buffer;
  readonly s_token_digest: Buffer;
  readonly s_salt: Buffer;
  readonly s_active: number;
  readonly s_methods: unknown;
  readonly s_device: unknown;
  readonly s_issued_at: Date;
  readonly s_authenticated_at: Date;
  readonly s_expires_at: Date;
}

const columns = [
  "id",
  "identity_id",
  "token_digest",
  "salt",
  "active",
  "methods",
  "device",
  "issued_at",
  "authenticated_at",
  "expires_at",
] as const;

/** The columns of a session for a join in which `sessions` is called `s`. */
export const sessionColumns = columns.map((c) => `s.${c} AS s_${c}`).join(", ");

/** Reads a row into the aggregate. */
export const sessionFromRow = (row: SessionRow): SessionRecord => ({
  id: uuidText(row.s_id),
  identityId: uuidText(row.s_identity_id),
  active: row.s_active === 1,
  salt: row.s_salt,
  methods: readJson(row.s_methods),
  device: readJson(row.s_device),
  issuedAt: row.s_issued_at,
  authenticatedAt: row.s_authenticated_at,
  expiresAt: row.s_expires_at,
});

/** The columns of `sessionRowOf`. */
export const sessionRowColumns: readonly string[] = columns;

/** A new session as a row of `sessions`. */
export const sessionRowOf = (session: SessionRecord, digest: Buffer): SqlValue[] => [
  uuidBytes(session.id),
  uuidBytes(session.identityId),
  digest,
  session.salt,
  1,
  JSON.stringify(session.methods),
  JSON.stringify(session.device),
  session.issuedAt,
  session.authenticatedAt,
  session.expiresAt,
];

/** Where a page of sessions ends: the next begins after it. */
export interface SessionCursor {
  readonly issuedAt: Date;
  readonly id: string;
}

/** Reads and writes sessions. Tokens come as their SHA-256 digests. */
export interface SessionStore {
  /** The session of a token with its person, live or not. Lookups of one tick share a statement. */
  findByToken(digest: Buffer): Promise<SignedIn | undefined>;
  insert(sql: Sql, session: SessionRecord, digest: Buffer): Promise<void>;
  /** The session, if it is live at `now`, with the digest of its token. */
  findLive(
    sql: Sql,
    session: SessionKey,
    now: Date,
  ): Promise<{ readonly session: SessionRecord; readonly digest: Buffer } | undefined>;
  /**
   * Writes what proving oneself again changes: methods, times, salt and the token. Only after `findLive` in the
   * same transaction.
   */
  renew(tx: Sql, session: SessionRecord, digest: Buffer): Promise<void>;
  /** Other active sessions of the person, newest first. */
  listOthers(
    sql: Sql,
    mine: SessionRecord,
    now: Date,
    limit: number,
    after: SessionCursor | undefined,
    offset: number,
  ): Promise<readonly SessionRecord[]>;
  /** How many live sessions the person has beside this one. */
  countOthers(sql: Sql, mine: SessionRecord, now: Date): Promise<number>;
  /** Whose session has this token; undefined when there is no such session. */
  findKey(sql: Sql, digest: Buffer): Promise<SessionKey | undefined>;
  /** Revokes; returns how many were active until now. Only after locking the person in the same transaction. */
  revokeOthers(sql: Sql, identityId: string, exceptId: string): Promise<number>;
  revokeOne(sql: Sql, identityId: string, id: string): Promise<number>;
}

/** Which session of whom. */
export type SessionKey = Pick<SessionRecord, "id" | "identityId">;

/** The condition that a session `s` is live, whatever the state of its person. Its value: the time. */
const liveRow = "s.active = 1 AND s.expires_at > ?";

/** The ids of the live sessions of a person, for a statement about what is theirs. Its values: person and time. */
export const liveSessionIds = `SELECT s.id FROM sessions s WHERE s.identity_id = ? AND ${liveRow}`;

/**
 * The condition that a session is live, for a statement that writes something of the same person into a table whose
 * row is at home with them (`flows`), in a transaction that has locked the person and seen that they are active. Its
 * values: `liveSessionValues`.
 */
export const liveSession = `EXISTS (SELECT 1 FROM sessions s FORCE INDEX (PRIMARY)
                       WHERE s.identity_id = ? AND s.id = ? AND ${liveRow})`;

/**
 * The same, and that the person is active, for a statement by itself. Right only for what is of no weight: both may
 * end while it runs.
 */
export const liveSessionOfActive = `EXISTS (SELECT 1 FROM sessions s FORCE INDEX (PRIMARY)
                       JOIN identities i ON i.id = s.identity_id
                       WHERE s.identity_id = ? AND s.id = ? AND ${liveRow}
                       AND i.state = 'active')`;

/** The values of both. */
export const liveSessionValues = ({ identityId, id }: SessionKey, now: Date) => [
  uuidBytes(identityId),
  uuidBytes(id),
  now,
];

/** Creates the store on a database. */
export const createSessionStore = (db: Database): SessionStore => {
  const lookup = createBatch<SignedIn>(async (digests) => {
    const rows = await db.query<SessionRow & IdentityRow>(
      `SELECT ${sessionColumns}, ${identityColumns}
         FROM sessions s JOIN identities i ON i.id = s.identity_id
        WHERE s.token_digest IN (${digests.map(() => "?").join(", ")})`,
      digests,
    );
    return rows.map((row) => [
      row.s_token_digest,
      () => ({ session: sessionFromRow(row), identity: identityFromRow(row) }),
    ]);
  });

  return {
    findByToken: lookup,

    async insert(sql, session, digest) {
      await sql.execute(
        `INSERT INTO sessions (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
        sessionRowOf(session, digest),
      );
    },

    async findLive(sql, { id, identityId }, now) {
      const [row] = await sql.query<SessionRow>(
        `SELECT ${sessionColumns} FROM sessions s WHERE s.identity_id = ? AND s.id = ? AND ${liveRow}`,
        [uuidBytes(identityId), uuidBytes(id), now],
      );
      return row && { session: sessionFromRow(row), digest: row.s_token_digest };
    },

    async renew(tx, session, digest) {
      await tx.execute(
        `UPDATE sessions FORCE INDEX (PRIMARY)
            SET token_digest = ?, salt = ?, methods = ?, authenticated_at = ?, expires_at = ?
          WHERE identity_id = ? AND id = ?`,
        [
          digest,
          session.salt,
          JSON.stringify(session.methods),
          session.authenticatedAt,
          session.expiresAt,
          uuidBytes(session.identityId),
          uuidBytes(session.id),
        ],
      );
    },

    async listOthers(sql, mine, now, limit, after, offset) {
      const rows = await sql.query<SessionRow>(
        `SELECT ${sessionColumns} FROM sessions s
          WHERE s.identity_id = ? AND ${liveRow} AND s.id <> ?
            ${after ? "AND (s.issued_at < ? OR (s.issued_at = ? AND s.id < ?))" : ""}
          ORDER BY s.issued_at DESC, s.id DESC
          LIMIT ${Number(limit)} OFFSET ${Number(offset)}`,
        [
          uuidBytes(mine.identityId),
          now,
          uuidBytes(mine.id),
          ...(after ? [after.issuedAt, after.issuedAt, uuidBytes(after.id)] : []),
        ],
      );
      return rows.map(sessionFromRow);
    },

    async countOthers(sql, mine, now) {
      const [row] = await sql.query<{ n: number }>(
        `SELECT COUNT(*) AS n FROM sessions s WHERE s.identity_id = ? AND ${liveRow} AND s.id <> ?`,
        [uuidBytes(mine.identityId), now, uuidBytes(mine.id)],
      );
      return Number(row?.n ?? 0);
    },

    async revokeOthers(sql, identityId, exceptId) {
      const { affectedRows } = await sql.execute(
        "UPDATE sessions SET active = 0 WHERE identity_id = ? AND id <> ? AND active = 1",
        [uuidBytes(identityId), uuidBytes(exceptId)],
      );
      return affectedRows;
    },

    async revokeOne(sql, identityId, id) {
      const { affectedRows } = await sql.execute(
        "UPDATE sessions FORCE INDEX (PRIMARY) SET active = 0 WHERE identity_id = ? AND id = ? AND active = 1",
        [uuidBytes(identityId), uuidBytes(id)],
      );
      return affectedRows;
    },

    async findKey(sql, digest) {
      const [row] = await sql.query<{ readonly id: Buffer; readonly identity_id: Buffer }>(
        "SELECT id, identity_id FROM sessions WHERE token_digest = ?",
        [digest],
      );
      return row && { id: uuidText(row.id), identityId: uuidText(row.identity_id) };
    },
  };
};
