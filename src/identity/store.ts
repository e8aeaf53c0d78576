import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { insertRows } from "../db/insert-rows.ts";
import { readJson } from "../db/read-json.ts";
import type { RowUpdate, Sql, SqlValue } from "../db/sql.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { addressKey, identifierKey } from "./apply.ts";
import type { IdentityRecord, RecoveryAddressRecord, Secret, VerifiableAddressRecord } from "./identity.ts";
import { cacheIdentities } from "./identity-cache.ts";
import { type PersonLocks, personLocks } from "./locks.ts";
import { insertLookups, lookupDigest, releaseLookups, replaceLookups, reserveLookups } from "./lookups.ts";
import { insertSecret, type SecretStore, secretStore } from "./secrets.ts";

/** A row of `identities`, under the aliases of `identityColumns`. */
export interface IdentityRow {
  readonly i_id: Buffer;
  readonly i_external_id: string | null;
  readonly i_schema_id: string;
  readonly i_state: string;
  readonly i_state_changed_at: Date | null;
  readonly i_traits: unknown;
  readonly i_addresses: unknown;
  readonly i_credentials: unknown;
  readonly i_metadata_public: unknown;
  readonly i_metadata_admin: unknown;
  readonly i_organization_id: Buffer | null;
  readonly i_version: number;
  readonly i_created_at: Date;
  readonly i_updated_at: Date;
}

const columns = [
  "id",
  "external_id",
  "schema_id",
  "state",
  "state_changed_at",
  "traits",
  "addresses",
  "credentials",
  "metadata_public",
  "metadata_admin",
  "organization_id",
  "version",
  "created_at",
  "updated_at",
] as const;

/** The columns of an identity for a join in which `identities` is called `i`. */
export const identityColumns = columns.map((c) => `i.${c} AS i_${c}`).join(", ");

const cache = cacheIdentities<IdentityRow>(
  columns.map((c) => `i_${c}` as const),
  (row): IdentityRecord => {
    const addresses = readJson<{ verifiable: VerifiableAddressRecord[]; recovery: RecoveryAddressRecord[] }>(
      row.i_addresses,
    );
    return {
      id: uuidText(row.i_id),
      externalId: row.i_external_id ?? undefined,
      schemaId: row.i_schema_id,
      state: row.i_state === "active" ? "active" : "inactive",
      stateChangedAt: row.i_state_changed_at ?? undefined,
      traits: readJson<JsonObject>(row.i_traits),
      verifiable: addresses.verifiable,
      recovery: addresses.recovery,
      credentials: readJson(row.i_credentials),
      metadataPublic: readJson<JsonValue>(row.i_metadata_public),
      metadataAdmin: readJson<JsonValue>(row.i_metadata_admin),
      organizationId: row.i_organization_id ? uuidText(row.i_organization_id) : undefined,
      version: row.i_version,
      createdAt: row.i_created_at,
      updatedAt: row.i_updated_at,
    };
  },
);

/** Reads a row into the aggregate; of a row that is unchanged it returns the same record again. */
export const identityFromRow = cache.get;

/** Forgets somebody who was erased, in this process. */
export const forgetIdentity = (id: string): void => cache.forget(uuidBytes(id));

/** A person and the secret part of one credential. */
export interface IdentityWithSecret {
  readonly identity: IdentityRecord;
  /** Undefined: the person has no such credential. */
  readonly secret: Secret | undefined;
}

/** Identifiers by credential type, and addresses, as traits that hold have them. */
export interface Wanted {
  readonly identifiers: Readonly<Record<string, readonly string[]>>;
  readonly verifiable: readonly { readonly via: string; readonly value: string }[];
  readonly recovery: readonly { readonly via: string; readonly value: string }[];
}

/** Someone who has an identifier or address that someone else wants. */
export interface IdentifierOwner {
  readonly identity: IdentityRecord;
  /** The identifier or address, as it is stored. */
  readonly value: string;
}

/**
 * Reads and writes identities. Writes take the transaction they belong to and
 * touch a lookup table only where the two states differ in it. An identifier
 * or address of somebody else surfaces as the driver's duplicate-key error.
 *
 * Every transaction of a person begins by writing that person's row, with
 * `update` or one that locks: whatever else it finds then stays as it is until
 * it commits, on one server by the row's lock, on a cluster because two such
 * transactions cannot both be certified.
 */
export interface IdentityStore extends SecretStore, PersonLocks {
  findByIdentifier(sql: Sql, type: string, identifiers: readonly string[]): Promise<IdentityWithSecret | undefined>;
  find(sql: Sql, id: string): Promise<IdentityRecord | undefined>;
  /** Whoever has one of the identifiers or addresses of these traits already, and which it is. */
  findIdentifierOwner(sql: Sql, wanted: Wanted): Promise<IdentifierOwner | undefined>;
  insert(tx: Sql, identity: IdentityRecord, secrets: Readonly<Record<string, JsonObject>>): Promise<void>;
  /** False when the identity is no longer at the version and in the state it was read with; nothing is written then. */
  update(tx: Sql, before: IdentityRecord, after: IdentityRecord): Promise<boolean>;
  /**
   * Writes that nobody else may have an address until then, which a change has removed from the person, nor the
   * identifiers that are the same. Only after `update` in the same transaction.
   */
  reserve(tx: Sql, before: IdentityRecord, after: IdentityRecord, value: string, until: Date): Promise<void>;
  /** Gives up what was reserved for a person until then. */
  release(sql: Sql, id: string, now: Date): Promise<void>;
  /** Reads a person whom nobody else can change before the transaction ends. */
  findForUpdate(tx: Sql, id: string): Promise<IdentityRecord | undefined>;
}

/** Writes a person who is as they were read. */
const updateOfRow: RowUpdate = {
  table: "identities",
  key: ["id"],
  set: [
    "traits",
    "addresses",
    "credentials",
    "metadata_public",
    "metadata_admin",
    "external_id",
    "schema_id",
    "state",
    "state_changed_at",
    "version",
    "updated_at",
  ],
  condition: "version = ? AND state = ?",
};

/** Creates the store. It keeps no state of its own. */
export const createIdentityStore = (): IdentityStore => ({
  ...secretStore,
  ...personLocks,

  reserve: reserveLookups,
  release: releaseLookups,

  async findByIdentifier(sql, type, identifiers) {
    const marks = identifiers.map(() => "?").join(", ");
    const [row] = await sql.query<IdentityRow & { readonly c_config: unknown; readonly c_version: number | null }>(
      `SELECT ${identityColumns}, c.config AS c_config, c.version AS c_version
         FROM identity_identifiers n
         JOIN identities i ON i.id = n.identity_id
         LEFT JOIN identity_credentials c ON c.identity_id = i.id AND c.type = n.type
        WHERE n.digest IN (${marks}) AND n.reserved_until IS NULL
        LIMIT 1`,
      identifiers.map((identifier) => lookupDigest(identifierKey(type, identifier))),
    );
    if (row === undefined) return undefined;
    const { c_version: version, c_config } = row;
    return {
      identity: identityFromRow(row),
      secret: version === null ? undefined : { version, config: readJson<JsonObject>(c_config) },
    };
  },

  async find(sql, id) {
    const [row] = await sql.query<IdentityRow>(`SELECT ${identityColumns} FROM identities i WHERE i.id = ?`, [
      uuidBytes(id),
    ]);
    return row && identityFromRow(row);
  },

  async findIdentifierOwner(sql, { identifiers, verifiable, recovery }) {
    const names = Object.entries(identifiers).flatMap(([type, list]) =>
      list.map((value) => identifierKey(type, value)),
    );
    const addresses = [
      ...verifiable.map((address) => addressKey("verification", address)),
      ...recovery.map((address) => addressKey("recovery", address)),
    ];
    if (names.length + addresses.length === 0) return undefined;
    const held = [
      ...names.map(
        () =>
          `SELECT identity_id, identifier AS value FROM identity_identifiers WHERE digest = ?
            AND reserved_until IS NULL`,
      ),
      ...addresses.map(
        () => "SELECT identity_id, value FROM identity_addresses WHERE digest = ? AND reserved_until IS NULL",
      ),
    ];
    const [row] = await sql.query<IdentityRow & { h_value: string }>(
      `SELECT ${identityColumns}, h.value AS h_value FROM (${held.join(" UNION ALL ")}) h JOIN identities i
        ON i.id = h.identity_id LIMIT 1`,
      [...names, ...addresses].map(lookupDigest),
    );
    return row && { identity: identityFromRow(row), value: row.h_value };
  },

  async insert(tx, identity, secrets) {
    await insertIdentityRows(tx, [identity]);
    await insertLookups(tx, identity);
    for (const [type, config] of Object.entries(secrets))
      await insertSecret(tx, identity.id, type, config, identity.createdAt);
  },

  async update(tx, before, after) {
    const isWritten = await tx.updateRow(updateOfRow, {
      key: [uuidBytes(after.id)],
      set: [
        ...documents(after),
        after.externalId ?? null,
        after.schemaId,
        after.state,
        after.stateChangedAt ?? null,
        after.version,
        after.updatedAt,
      ],
      condition: [before.version, before.state],
    });
    if (!isWritten) return false;
    await replaceLookups(tx, before, after);
    return true;
  },

  async findForUpdate(tx, id) {
    const [row] = await tx.query<IdentityRow>(`SELECT ${identityColumns} FROM identities i WHERE i.id = ? FOR UPDATE`, [
      uuidBytes(id),
    ]);
    return row && identityFromRow(row);
  },
});

/** Writes the rows of people, and nothing that they are found by. */
export const insertIdentityRows = (tx: Sql, people: readonly IdentityRecord[]): Promise<void> =>
  insertRows(tx, "identities", columns, people.map(identityRowOf));

/** The columns of `identityRowOf`. */
export const identityRowColumns: readonly string[] = columns;

/** A new person as a row of `identities`. */
export const identityRowOf = (identity: IdentityRecord): SqlValue[] => [
  uuidBytes(identity.id),
  identity.externalId ?? null,
  identity.schemaId,
  identity.state,
  identity.stateChangedAt ?? null,
  ...documents(identity),
  identity.organizationId ? uuidBytes(identity.organizationId) : null,
  identity.version,
  identity.createdAt,
  identity.updatedAt,
];

const documents = (i: IdentityRecord): SqlValue[] => [
  JSON.stringify(i.traits),
  JSON.stringify({ verifiable: i.verifiable, recovery: i.recovery }),
  JSON.stringify(i.credentials),
  i.metadataPublic === null ? null : JSON.stringify(i.metadataPublic),
  i.metadataAdmin === null ? null : JSON.stringify(i.metadataAdmin),
];
