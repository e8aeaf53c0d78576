import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../db/sql.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { paddedList } from "../lib/in-groups.ts";
import { addressKeys } from "./apply.ts";
import type { IdentityRecord } from "./identity.ts";
import { insertManyLookups, lookupDigest, uniqueKeys } from "./lookups.ts";
import { insertSecrets } from "./secrets.ts";
import { insertIdentityRows } from "./store.ts";

/** Someone who is to be made, and their secrets by the type of credential. */
export interface NewIdentity {
  readonly identity: IdentityRecord;
  readonly secrets: Readonly<Record<string, JsonObject>>;
}

/** What must be unique across identities: keys of `identifierKeys` and of `addressKeys`. */
export interface Claims {
  readonly identifiers: readonly string[];
  readonly addresses: readonly string[];
}

/** What someone claims for themselves alone. */
export const claimsOf = (identity: IdentityRecord): Claims => ({
  identifiers: uniqueKeys(identity),
  addresses: addressKeys(identity),
});

/**
 * Writes many people, few statements for each table. An identifier or address of somebody else surfaces as the driver's
 * duplicate-key error: then none of them may be committed.
 */
export const insertIdentities = async (tx: Sql, people: readonly NewIdentity[], now: Date): Promise<void> => {
  if (people.length === 0) return;
  const identities = people.map(({ identity }) => identity);
  await insertIdentityRows(tx, identities);
  await insertManyLookups(tx, identities);
  const secrets = people.flatMap(({ identity: { id }, secrets }) =>
    Object.entries(secrets).map(([type, config]) => ({ id, type, config })),
  );
  await insertSecrets(tx, secrets, now);
};

/** Which of these ids people have. */
export const findIds = async (sql: Sql, ids: readonly string[]): Promise<ReadonlySet<string>> => {
  if (ids.length === 0) return new Set();
  const padded = paddedList(ids.map(uuidBytes));
  const rows = await sql.query<{ readonly id: Buffer }>(
    `SELECT i.id FROM identities i WHERE i.id IN (${padded.map(() => "?").join(", ")})`,
    padded,
  );
  return new Set(rows.map(({ id }) => uuidText(id)));
};

/** Which of these keys belong to an identity already. */
export const findClaimed = async (sql: Sql, claims: readonly Claims[]): Promise<ReadonlySet<string>> => {
  const digests = (table: string, keys: readonly string[]) => {
    if (keys.length === 0) return [];
    const padded = paddedList(keys.map(lookupDigest));
    return sql.query<{ readonly digest: Buffer }>(
      `SELECT c.digest FROM ${table} c WHERE c.digest IN (${padded.map(() => "?").join(", ")})`,
      padded,
    );
  };
  const identifiers = claims.flatMap((each) => each.identifiers);
  const addresses = claims.flatMap((each) => each.addresses);
  const found = [
    ...(await digests("identity_identifiers", identifiers)),
    ...(await digests("identity_addresses", addresses)),
  ];
  const inUse = new Set(found.map(({ digest }) => digest.toString("hex")));
  return new Set([...identifiers, ...addresses].filter((key) => inUse.has(lookupDigest(key).toString("hex"))));
};
