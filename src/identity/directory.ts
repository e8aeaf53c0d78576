import type { JsonObject } from "@bufbuild/protobuf";
import { readJson } from "../db/read-json.ts";
import type { Sql } from "../db/sql.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { identifierKey } from "./apply.ts";
import type { IdentityRecord } from "./identity.ts";
import { lookupDigest } from "./lookups.ts";
import { type IdentityRow, identityColumns, identityFromRow } from "./store.ts";

/** A credential as its row has it. */
export interface StoredCredential {
  readonly type: string;
  readonly config: JsonObject;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Which part of a list is asked for. */
export interface Page {
  /** The id that the page comes after; undefined: from the start. */
  readonly after: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** Lists across all identities, for operators. In the order of ids. */
export interface IdentityDirectory {
  all(sql: Sql, page: Page): Promise<readonly IdentityRecord[]>;
  byIds(sql: Sql, ids: readonly string[], page: Page): Promise<readonly IdentityRecord[]>;
  byOrganization(sql: Sql, organizationId: string, page: Page): Promise<readonly IdentityRecord[]>;
  /** @param spellings of the identifier */
  byIdentifier(sql: Sql, types: readonly string[], spellings: readonly string[]): Promise<readonly IdentityRecord[]>;
  /** Whose identifiers begin so. */
  byIdentifierPrefix(sql: Sql, prefix: string, page: Page): Promise<readonly IdentityRecord[]>;
  count(sql: Sql): Promise<number>;
  /** The credentials of people, by their ids. */
  credentialsOf(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, readonly StoredCredential[]>>;
}

const marks = (list: readonly unknown[]): string => list.map(() => "?").join(", ");
const first = Buffer.alloc(16);
const afterOf = ({ after }: Page): Buffer => (after === undefined ? first : uuidBytes(after));
const sizeOf = ({ limit, offset }: Page): string =>
  `LIMIT ${Number(limit)}${offset > 0 ? ` OFFSET ${Number(offset)}` : ""}`;

/** Creates it. It keeps no state of its own. */
export const createIdentityDirectory = (): IdentityDirectory => {
  const byIds: IdentityDirectory["byIds"] = async (sql, ids, page) => {
    if (ids.length === 0) return [];
    const rows = await sql.query<IdentityRow>(
      `SELECT ${identityColumns} FROM identities i WHERE i.id IN (${marks(ids)}) AND i.id > ?
        ORDER BY i.id ${sizeOf(page)}`,
      [...ids.map(uuidBytes), afterOf(page)],
    );
    return rows.map(identityFromRow);
  };

  return {
    byIds,

    async all(sql, page) {
      const rows = await sql.query<IdentityRow>(
        `SELECT ${identityColumns} FROM identities i WHERE i.id > ? ORDER BY i.id ${sizeOf(page)}`,
        [afterOf(page)],
      );
      return rows.map(identityFromRow);
    },

    async byOrganization(sql, organizationId, page) {
      const rows = await sql.query<IdentityRow>(
        `SELECT ${identityColumns} FROM identities i WHERE i.id > ? AND i.organization_id = ?
          ORDER BY i.id ${sizeOf(page)}`,
        [afterOf(page), uuidBytes(organizationId)],
      );
      return rows.map(identityFromRow);
    },

    async byIdentifier(sql, types, spellings) {
      const digests = types.flatMap((type) => spellings.map((one) => lookupDigest(identifierKey(type, one))));
      const rows = await sql.query<IdentityRow>(
        `SELECT ${identityColumns} FROM identity_identifiers n JOIN identities i ON i.id = n.identity_id
          WHERE n.digest IN (${marks(digests)}) AND n.reserved_until IS NULL ORDER BY i.id`,
        digests,
      );
      // One person may be found by several credentials; the same row is the same record.
      return [...new Map(rows.map((row) => [uuidText(row.i_id), identityFromRow(row)])).values()];
    },

    async byIdentifierPrefix(sql, prefix, page) {
      const pattern = `${prefix.replace(/[\\%_]/g, (special) => `\\${special}`)}%`;
      const rows = await sql.query<{ readonly identity_id: Buffer }>(
        `SELECT DISTINCT n.identity_id FROM identity_identifiers n
          WHERE n.identifier LIKE ? AND n.identity_id > ? AND n.type <> 'external_id' AND n.reserved_until IS NULL
          ORDER BY n.identity_id ${sizeOf(page)}`,
        [pattern, afterOf(page)],
      );
      const ids = rows.map((row) => uuidText(row.identity_id));
      return byIds(sql, ids, { after: undefined, limit: ids.length, offset: 0 });
    },

    async count(sql) {
      const [row] = await sql.query<{ readonly people: number }>("SELECT COUNT(*) AS people FROM identities");
      return Number(row?.people ?? 0);
    },

    async credentialsOf(sql, ids) {
      const found = new Map<string, StoredCredential[]>(ids.map((id) => [id, []]));
      if (ids.length === 0) return found;
      const rows = await sql.query<{
        readonly identity_id: Buffer;
        readonly type: string;
        readonly config: unknown;
        readonly created_at: Date;
        readonly updated_at: Date;
      }>(
        `SELECT c.identity_id, c.type, c.config, c.created_at, c.updated_at FROM identity_credentials c
          WHERE c.identity_id IN (${marks(ids)})`,
        ids.map(uuidBytes),
      );
      for (const { identity_id, type, config, created_at: createdAt, updated_at: updatedAt } of rows)
        found.get(uuidText(identity_id))?.push({ type, config: readJson<JsonObject>(config), createdAt, updatedAt });
      return found;
    },
  };
};
