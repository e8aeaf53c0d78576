import { randomInt } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { insertRows } from "../db/insert-rows.ts";
import { readJson } from "../db/read-json.ts";
import type { Sql } from "../db/sql.ts";
import { isDuplicate } from "../db/sql-error.ts";
import { uuidBytes } from "../lib/ids.ts";
import type { CredentialChange, Secret } from "./identity.ts";

/** A new secret part of one credential. */
export type SecretChange = Pick<CredentialChange, "type" | "config" | "replaces">;

/** Reads and writes the secret parts of credentials. */
export interface SecretStore {
  findSecret(sql: Sql, id: string, type: string): Promise<Secret | undefined>;
  /**
   * Sets (or with null removes) the secret part of a credential. False: it is no longer the version that this one
   * is made from.
   */
  putSecret(tx: Sql, id: string, change: SecretChange, now: Date): Promise<boolean>;
  /** Whether the credential is still the one of this version; undefined: whether there still is none. */
  hasSecret(tx: Sql, id: string, type: string, version: number | undefined): Promise<boolean>;
}

/** The store. It keeps no state of its own. */
export const secretStore: SecretStore = {
  async findSecret(sql, id, type) {
    const [row] = await sql.query<{ readonly config: unknown; readonly version: number }>(
      "SELECT config, version FROM identity_credentials WHERE identity_id = ? AND type = ?",
      [uuidBytes(id), type],
    );
    return row && { version: row.version, config: readJson<JsonObject>(row.config) };
  },

  async putSecret(tx, id, { type, config, replaces }, now) {
    if (replaces === undefined) return config === null || (await insertSecret(tx, id, type, config, now));
    const place = [uuidBytes(id), type, replaces];
    const { affectedRows } =
      config === null
        ? await tx.execute("DELETE FROM identity_credentials WHERE identity_id = ? AND type = ? AND version = ?", place)
        : await tx.execute(
            `UPDATE identity_credentials SET config = ?, version = version + 1, updated_at = ?
              WHERE identity_id = ? AND type = ? AND version = ?`,
            [JSON.stringify(config), now, ...place],
          );
    return affectedRows === 1;
  },

  async hasSecret(tx, id, type, version) {
    const [row] = await tx.query<{ readonly version: number }>(
      "SELECT version FROM identity_credentials WHERE identity_id = ? AND type = ?",
      [uuidBytes(id), type],
    );
    return row?.version === version;
  },
};

/** The first secret of somebody new. */
export interface NewSecret {
  readonly id: string;
  readonly type: string;
  readonly config: JsonObject;
}

/** Writes the secrets of people who are new. */
export const insertSecrets = (tx: Sql, secrets: readonly NewSecret[], now: Date): Promise<void> =>
  insertRows(
    tx,
    "identity_credentials",
    ["identity_id", "type", "config", "version", "created_at", "updated_at"],
    secrets.map(({ id, type, config }) => [
      uuidBytes(id),
      type,
      JSON.stringify(config),
      randomInt(1, 2 ** 31),
      now,
      now,
    ]),
  );

/**
 * Writes the first secret of a type. Its version is drawn by lot, so that one that is removed and set again is
 * another. False: there is one.
 */
export const insertSecret = async (
  tx: Sql,
  id: string,
  type: string,
  config: JsonObject,
  now: Date,
): Promise<boolean> => {
  try {
    await tx.execute(
      `INSERT INTO identity_credentials (identity_id, type, config, version, created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, ?)`,
      [uuidBytes(id), type, JSON.stringify(config), randomInt(1, 2 ** 31), now, now],
    );
    return true;
  } catch (error) {
    if (isDuplicate(error, "PRIMARY")) return false;
    throw error;
  }
};
