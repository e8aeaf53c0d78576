import { randomBytes } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../db/sql.ts";
import { LONGEST_LIFESPAN } from "../errors/must-be-lifespan.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import { sha256 } from "../lib/digest.ts";
import { uuid7, uuidBytes, uuidText } from "../lib/ids.ts";
import type { VerifiableAddressRecord } from "./identity.ts";

/** A change of addresses that can be undone (docs/addresses.md). */
export interface AddressUndo {
  readonly id: string;
  readonly identityId: string;
  /** The version of the person after the change. */
  readonly version: number;
  /** The address that was removed, as it was. */
  readonly address: VerifiableAddressRecord;
  /** All addresses that the person had before. */
  readonly verifiable: readonly VerifiableAddressRecord[];
  /** The traits before the change. */
  readonly traits: JsonObject;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** A change that can be undone from now on. */
export type NewAddressUndo = Omit<AddressUndo, "id" | "createdAt" | "expiresAt">;

/** One as its owner may see it. */
export interface ListedAddressUndo extends Pick<AddressUndo, "id" | "address" | "createdAt" | "expiresAt"> {
  readonly usedAt: Date | undefined;
}

/** Undoing changes of addresses. What was there before is encrypted at rest, the secrets are digests. */
export interface AddressUndos {
  /** Whether anybody is notified of changes and may undo them. */
  readonly enabled: boolean;
  /** Milliseconds for which a change can be undone. */
  readonly lifespan: number;
  /** Writes it, and returns what goes into the message: 107 characters that may stand in a URL. */
  add(tx: Sql, undo: NewAddressUndo): Promise<string>;
  /** What a token undoes; undefined when it is none, was used, or comes too late. */
  find(sql: Sql, token: string): Promise<AddressUndo | undefined>;
  /** Those of a person, used ones included, oldest first. */
  list(sql: Sql, identityId: string): Promise<readonly ListedAddressUndo[]>;
  /** Voids it: what it would undo is as it was. */
  forget(tx: Sql, undo: Pick<AddressUndo, "id" | "identityId">): Promise<void>;
  /**
   * Writes that it was used, and takes away those of later changes: who made them may be who is shut out by it. False:
   * it was used at the same time. Only after writing the person.
   *
   * @param version that of the person after it
   */
  use(tx: Sql, undo: AddressUndo, version: number): Promise<boolean>;
  /** Whether a change was undone since the person had this version: what was sent until then is good no more. */
  isUndoneSince(sql: Sql, identityId: string, version: number): Promise<boolean>;
}

/** What `createAddressUndos` needs. */
export interface AddressUndosDeps {
  readonly aead: Aead;
  readonly clock: Clock;
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly lifespan: number;
}

interface Row {
  readonly version: number;
  readonly ciphertext: Buffer;
  readonly created_at: Date;
  readonly expires_at: Date;
}

type Sealed = Pick<AddressUndo, "address" | "verifiable" | "traits">;

const ID_BYTES = 16;
const SECRET_BYTES = 48;
const TOKEN = /^[A-Za-z0-9_-]{107}$/;

/** Creates the `AddressUndos`. */
export const createAddressUndos = ({ aead, clock, enabled, lifespan }: AddressUndosDeps): AddressUndos => ({
  enabled,
  lifespan,

  async add(tx, { identityId, version, address, verifiable, traits }) {
    const now = clock.now();
    const id = uuid7(now);
    const secret = randomBytes(SECRET_BYTES);
    const sealed: Sealed = { address, verifiable, traits };
    await tx.execute(
      `INSERT INTO address_undos (identity_id, id, token_digest, version, ciphertext, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [
        uuidBytes(identityId),
        uuidBytes(id),
        sha256(secret),
        version,
        aead.encrypt(Buffer.from(JSON.stringify(sealed)), boundTo(identityId, id)),
        now,
        new Date(now.getTime() + lifespan),
      ],
    );
    return Buffer.concat([uuidBytes(identityId), uuidBytes(id), secret]).toString("base64url");
  },

  async find(sql, token) {
    if (!TOKEN.test(token)) return undefined;
    const bytes = Buffer.from(token, "base64url");
    const [identityId, id] = [bytes.subarray(0, ID_BYTES), bytes.subarray(ID_BYTES, 2 * ID_BYTES)].map(uuidText);
    if (identityId === undefined || id === undefined) return undefined;
    const [row] = await sql.query<Row>(
      `SELECT version, ciphertext, created_at, expires_at FROM address_undos
        WHERE identity_id = ? AND id = ? AND token_digest = ? AND used_at IS NULL AND expires_at > ?`,
      [uuidBytes(identityId), uuidBytes(id), sha256(bytes.subarray(2 * ID_BYTES)), clock.now()],
    );
    const plain = row && aead.decrypt(row.ciphertext, boundTo(identityId, id));
    if (row === undefined || plain === undefined) return undefined;
    const { version, created_at: createdAt, expires_at: expiresAt } = row;
    return { ...(JSON.parse(plain.toString("utf8")) as Sealed), id, identityId, version, createdAt, expiresAt };
  },

  async list(sql, identityId) {
    const rows = await sql.query<Row & { readonly id: Buffer; readonly used_at: Date | null }>(
      `SELECT id, version, ciphertext, created_at, expires_at, used_at FROM address_undos
        WHERE identity_id = ? ORDER BY id`,
      [uuidBytes(identityId)],
    );
    return rows.flatMap((row): ListedAddressUndo[] => {
      const plain = aead.decrypt(row.ciphertext, boundTo(identityId, uuidText(row.id)));
      if (plain === undefined) return [];
      const { address } = JSON.parse(plain.toString("utf8")) as Sealed;
      return [
        {
          id: uuidText(row.id),
          address,
          createdAt: row.created_at,
          expiresAt: row.expires_at,
          usedAt: row.used_at ?? undefined,
        },
      ];
    });
  },

  async forget(tx, { id, identityId }) {
    await tx.execute("DELETE FROM address_undos WHERE identity_id = ? AND id = ?", [
      uuidBytes(identityId),
      uuidBytes(id),
    ]);
  },

  async use(tx, { identityId, id, version, address }, after) {
    const now = clock.now();
    // What it undid is of no more use; that it did is, as long as anything may be good that was sent before: at most
    // what an operator made.
    const rest: Sealed = { address, verifiable: [], traits: {} };
    const { affectedRows } = await tx.execute(
      `UPDATE address_undos SET used_at = ?, version = ?, ciphertext = ?, expires_at = ?
        WHERE identity_id = ? AND id = ? AND used_at IS NULL`,
      [
        now,
        after,
        aead.encrypt(Buffer.from(JSON.stringify(rest)), boundTo(identityId, id)),
        new Date(now.getTime() + LONGEST_LIFESPAN),
        uuidBytes(identityId),
        uuidBytes(id),
      ],
    );
    await tx.execute("DELETE FROM address_undos WHERE identity_id = ? AND version >= ? AND used_at IS NULL", [
      uuidBytes(identityId),
      version,
    ]);
    return affectedRows === 1;
  },

  async isUndoneSince(sql, identityId, version) {
    if (!enabled) return false;
    const [row] = await sql.query(
      "SELECT 1 FROM address_undos WHERE identity_id = ? AND used_at IS NOT NULL AND version > ?",
      [uuidBytes(identityId), version],
    );
    return row !== undefined;
  },
});

const boundTo = (identityId: string, id: string): string => `address undo|${identityId}|${id}`;
