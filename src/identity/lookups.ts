import { isDeepStrictEqual } from "node:util";
import { insertRows } from "../db/insert-rows.ts";
import type { Sql, SqlValue } from "../db/sql.ts";
import { sha256 } from "../lib/digest.ts";
import { uuidBytes } from "../lib/ids.ts";
import { addressKeys, identifierKey, identifierKeys, uniqueKeyIds } from "./apply.ts";
import type { IdentityRecord } from "./identity.ts";

/**
 * Writes what a new person is found by. An identifier or address of somebody else surfaces as the driver's
 * duplicate-key error.
 */
export const insertLookups = async (tx: Sql, identity: IdentityRecord): Promise<void> => {
  await insertIdentifiers(tx, identity.id, uniqueKeys(identity));
  await insertAddresses(tx, identity.id, addressKeys(identity));
};

/** Writes where two states of a person differ in what they are found by. */
export const replaceLookups = async (tx: Sql, before: IdentityRecord, after: IdentityRecord): Promise<void> => {
  const [oldKeys, newKeys] = [uniqueKeys(before), uniqueKeys(after)];
  const [oldAddresses, newAddresses] = [addressKeys(before), addressKeys(after)];
  if (isDeepStrictEqual([oldKeys, oldAddresses], [newKeys, newAddresses])) return;
  // Old ones go first, so that swapping two of a person's own never collides.
  await deleteIdentifiers(tx, after.id, without(oldKeys, newKeys));
  await deleteAddresses(tx, after.id, without(oldAddresses, newAddresses));
  // What comes back may be reserved for the person.
  await deleteIdentifiers(tx, after.id, without(newKeys, oldKeys));
  await deleteAddresses(tx, after.id, without(newAddresses, oldAddresses));
  await insertIdentifiers(tx, after.id, without(newKeys, oldKeys));
  await insertAddresses(tx, after.id, without(newAddresses, oldAddresses));
};

/**
 * Writes that nobody else may have an address until then, nor the identifiers that are the same, which a change has
 * removed. Only after `replaceLookups` in the same transaction.
 */
export const reserveLookups = async (
  tx: Sql,
  before: IdentityRecord,
  after: IdentityRecord,
  value: string,
  until: Date,
): Promise<void> => {
  const isOf = (key: string) => key.split("\0").at(-1)?.toLowerCase() === value.toLowerCase();
  const reserved = (keys: readonly string[]) =>
    keys.filter(isOf).map((key) => ({ id: after.id, key, reservedUntil: until }));
  await insertManyIdentifiers(tx, reserved(without(identifierKeys(before), identifierKeys(after))));
  await insertManyAddresses(tx, reserved(without(addressKeys(before), addressKeys(after))));
};

/** Gives up what was reserved until then. */
export const releaseLookups = async (sql: Sql, identityId: string, now: Date): Promise<void> => {
  for (const table of ["identity_identifiers", "identity_addresses"])
    await sql.execute(`DELETE FROM ${table} WHERE identity_id = ? AND reserved_until <= ?`, [
      uuidBytes(identityId),
      now,
    ]);
};

/**
 * The identifiers, the ids of keys, and the id that another system knows the person by: no two people have one of
 * them.
 */
export const uniqueKeys = (identity: IdentityRecord): readonly string[] => [
  ...identifierKeys(identity),
  ...uniqueKeyIds(identity),
  ...(identity.externalId === undefined ? [] : [identifierKey("external_id", identity.externalId)]),
];

const without = (list: readonly string[], other: readonly string[]): string[] => list.filter((k) => !other.includes(k));

/** What a key of `identifierKeys` or `addressKeys` is found by, and unique by, whatever its length. */
export const lookupDigest = (key: string): Buffer => sha256(key);

/** The rows of `identity_identifiers` of a person: id, digest, type, identifier. */
export const identifierRowsOf = (identity: IdentityRecord): readonly SqlValue[][] =>
  uniqueKeys(identity).map((key) => rowOf({ id: identity.id, key }));

/** The rows of `identity_addresses` of a person: id, digest, purpose, via, value. */
export const addressRowsOf = (identity: IdentityRecord): readonly SqlValue[][] =>
  addressKeys(identity).map((key) => rowOf({ id: identity.id, key }));

const rowOf = ({ id, key }: Lookup): SqlValue[] => [uuidBytes(id), lookupDigest(key), ...key.split("\0")];

const insertIdentifiers = (tx: Sql, id: string, keys: readonly string[]): Promise<void> =>
  insertManyIdentifiers(
    tx,
    keys.map((key) => ({ id, key })),
  );

const insertAddresses = (tx: Sql, id: string, keys: readonly string[]): Promise<void> =>
  insertManyAddresses(
    tx,
    keys.map((key) => ({ id, key })),
  );

/** What somebody is found by. */
interface Lookup {
  readonly id: string;
  readonly key: string;
  /** Left out: it is the person's. */
  readonly reservedUntil?: Date;
}

const insertManyIdentifiers = async (tx: Sql, rows: readonly Lookup[]): Promise<void> => {
  if (rows.length === 0) return;
  await tx.execute(
    `INSERT INTO identity_identifiers (identity_id, digest, type, identifier, reserved_until)
      VALUES ${rows.map(() => "(?, ?, ?, ?, ?)").join(", ")}`,
    rows.flatMap((row) => [...rowOf(row), row.reservedUntil ?? null]),
  );
};

const insertManyAddresses = async (tx: Sql, rows: readonly Lookup[]): Promise<void> => {
  if (rows.length === 0) return;
  await tx.execute(
    `INSERT INTO identity_addresses (identity_id, digest, purpose, via, value, reserved_until)
      VALUES ${rows.map(() => "(?, ?, ?, ?, ?, ?)").join(", ")}`,
    rows.flatMap((row) => [...rowOf(row), row.reservedUntil ?? null]),
  );
};

/** Writes what many new people are found by, few statements for each table. */
export const insertManyLookups = async (tx: Sql, people: readonly IdentityRecord[]): Promise<void> => {
  await insertRows(
    tx,
    "identity_identifiers",
    ["identity_id", "digest", "type", "identifier"],
    people.flatMap(identifierRowsOf),
  );
  await insertRows(
    tx,
    "identity_addresses",
    ["identity_id", "digest", "purpose", "via", "value"],
    people.flatMap(addressRowsOf),
  );
};

const deleteIdentifiers = async (tx: Sql, id: string, keys: readonly string[]): Promise<void> => {
  for (const k of keys)
    await tx.execute("DELETE FROM identity_identifiers WHERE identity_id = ? AND digest = ?", [
      uuidBytes(id),
      lookupDigest(k),
    ]);
};

const deleteAddresses = async (tx: Sql, id: string, keys: readonly string[]): Promise<void> => {
  for (const k of keys)
    await tx.execute("DELETE FROM identity_addresses WHERE identity_id = ? AND digest = ?", [
      uuidBytes(id),
      lookupDigest(k),
    ]);
};
