import { randomBytes } from "node:crypto";
import type { Sql } from "../db/sql.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import { sha256 } from "../lib/digest.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";

/** What can be said of an invitation without its encrypted part. */
export interface InvitationState {
  readonly identityId: string;
  readonly createdAt: Date;
  readonly sentAt: Date;
  readonly expiresAt: Date;
  /** When its owner was here last; one that was sent again later can be accepted again. */
  readonly acceptedAt: Date | undefined;
}

/** The part of an invitation that is encrypted at rest. */
interface Sealed {
  /** How the message reaches them. */
  readonly via: "email" | "sms";
  /** Where it goes, normalised. */
  readonly address: string;
  /** The language that it is written in, as BCP 47. */
  readonly locale: string;
  /** Where the browser goes in the end; undefined: where the configuration says. */
  readonly returnTo: string | undefined;
}

/** An identity that an operator created and that its owner has not accepted yet (docs/invitations.md). */
export interface Invitation extends InvitationState, Sealed {}

/** An invitation as it is stored: the encrypted part is missing where no secret decrypts it any more. */
export type StoredInvitation = Invitation | (InvitationState & { readonly address?: undefined });

/** Whether its encrypted part could be decrypted. */
export const isReadable = (invitation: StoredInvitation): invitation is Invitation => invitation.address !== undefined;

/** Whether its link can be used, apart from when it expires: it was not accepted since it was sent. */
export const isOpen = ({ acceptedAt, sentAt }: Pick<InvitationState, "acceptedAt" | "sentAt">): boolean =>
  acceptedAt === undefined || acceptedAt < sentAt;

/** Invitations at rest: personal data is encrypted, the secrets are digests. */
export interface Invitations {
  /** Returns what goes into the message: 86 characters that may stand in a URL. */
  insert(tx: Sql, invitation: Invitation): Promise<string>;
  find(sql: Sql, identityId: string): Promise<StoredInvitation | undefined>;
  /** Those after an identity, in the order of their ids. */
  list(sql: Sql, after: string | undefined, count: number): Promise<readonly StoredInvitation[]>;
  /** The one that a token accepts; undefined when it is none, was used, comes too late, or cannot be decrypted. */
  findByToken(sql: Sql, token: string): Promise<Invitation | undefined>;
  /** Makes a new token the one that is good. Only where the person is locked. */
  renew(tx: Sql, invitation: Pick<Invitation, "identityId" | "sentAt" | "expiresAt">): Promise<string>;
  /** False: it was used at the same time, or its token was replaced. */
  accept(tx: Sql, identityId: string, token: string): Promise<boolean>;
  remove(tx: Sql, identityId: string): Promise<void>;
}

interface Row {
  readonly identity_id: Buffer;
  readonly ciphertext: Buffer;
  readonly created_at: Date;
  readonly sent_at: Date;
  readonly expires_at: Date;
  readonly accepted_at: Date | null;
}

const columns = "identity_id, ciphertext, created_at, sent_at, expires_at, accepted_at";
/** See `isOpen`. */
const open = "(accepted_at IS NULL OR accepted_at < sent_at)";
const SECRET_BYTES = 48;
const TOKEN = /^[A-Za-z0-9_-]{86}$/;

/** Creates the `Invitations`. */
export const createInvitations = ({ aead, clock }: { readonly aead: Aead; readonly clock: Clock }): Invitations => {
  const fromRow = (row: Row): StoredInvitation => {
    const identityId = uuidText(row.identity_id);
    const plain = aead.decrypt(row.ciphertext, boundTo(identityId));
    const state: InvitationState = {
      identityId,
      createdAt: row.created_at,
      sentAt: row.sent_at,
      expiresAt: row.expires_at,
      acceptedAt: row.accepted_at ?? undefined,
    };
    return plain === undefined ? state : { ...(JSON.parse(plain.toString("utf8")) as Sealed), ...state };
  };

  return {
    async insert(tx, { identityId, createdAt, sentAt, expiresAt, via, address, locale, returnTo }) {
      const secret = randomBytes(SECRET_BYTES);
      const sealed: Sealed = { via, address, locale, returnTo };
      await tx.execute(
        `INSERT INTO invitations (identity_id, token_digest, ciphertext, created_at, sent_at, expires_at)
          VALUES (?, ?, ?, ?, ?, ?)`,
        [
          uuidBytes(identityId),
          sha256(secret),
          aead.encrypt(Buffer.from(JSON.stringify(sealed)), boundTo(identityId)),
          createdAt,
          sentAt,
          expiresAt,
        ],
      );
      return tokenOf(identityId, secret);
    },

    async find(sql, identityId) {
      const [row] = await sql.query<Row>(`SELECT ${columns} FROM invitations WHERE identity_id = ?`, [
        uuidBytes(identityId),
      ]);
      return row && fromRow(row);
    },

    async list(sql, after, count) {
      const rows = await sql.query<Row>(
        `SELECT ${columns} FROM invitations WHERE identity_id > ? ORDER BY identity_id LIMIT ${Math.trunc(count)}`,
        [after === undefined ? Buffer.alloc(16) : uuidBytes(after)],
      );
      return rows.map(fromRow);
    },

    async findByToken(sql, token) {
      const parts = partsOf(token);
      if (parts === undefined) return undefined;
      const [row] = await sql.query<Row>(
        `SELECT ${columns} FROM invitations
          WHERE identity_id = ? AND token_digest = ? AND ${open} AND expires_at > ?`,
        [parts.identity, parts.digest, clock.now()],
      );
      const found = row && fromRow(row);
      return found && isReadable(found) ? found : undefined;
    },

    async renew(tx, { identityId, sentAt, expiresAt }) {
      const secret = randomBytes(SECRET_BYTES);
      await tx.execute("UPDATE invitations SET token_digest = ?, sent_at = ?, expires_at = ? WHERE identity_id = ?", [
        sha256(secret),
        sentAt,
        expiresAt,
        uuidBytes(identityId),
      ]);
      return tokenOf(identityId, secret);
    },

    async accept(tx, identityId, token) {
      const parts = partsOf(token);
      if (parts === undefined) return false;
      const now = clock.now();
      const { affectedRows } = await tx.execute(
        `UPDATE invitations SET accepted_at = ?
          WHERE identity_id = ? AND token_digest = ? AND ${open} AND expires_at > ?`,
        [now, uuidBytes(identityId), parts.digest, now],
      );
      return affectedRows === 1;
    },

    async remove(tx, identityId) {
      await tx.execute("DELETE FROM invitations WHERE identity_id = ?", [uuidBytes(identityId)]);
    },
  };
};

/**
 * Counts the invitation of a person as accepted who came in otherwise than by its link. Only where the person is
 * locked. False: there is none, or it was accepted before.
 */
export const acceptOtherwise = async (tx: Sql, identityId: string, now: Date): Promise<boolean> => {
  const id = uuidBytes(identityId);
  // Hardly anybody has one that is open, and what is only looked for locks nothing.
  const [found] = await tx.query(`SELECT 1 FROM invitations WHERE identity_id = ? AND ${open}`, [id]);
  if (found === undefined) return false;
  await tx.execute(`UPDATE invitations SET accepted_at = ? WHERE identity_id = ? AND ${open}`, [now, id]);
  return true;
};

const tokenOf = (identityId: string, secret: Buffer): string =>
  Buffer.concat([uuidBytes(identityId), secret]).toString("base64url");

const partsOf = (token: string): { readonly identity: Buffer; readonly digest: Buffer } | undefined => {
  if (!TOKEN.test(token)) return undefined;
  const bytes = Buffer.from(token, "base64url");
  return { identity: bytes.subarray(0, 16), digest: sha256(bytes.subarray(16)) };
};

const boundTo = (identityId: string): string => `invitation|${identityId}`;
