import type { Sql } from "../../db/sql.ts";
import { changedColumn, digestOf, mixOf, sumOf } from "./outlines.ts";
import { padded, placeholders } from "./padded.ts";
import type { SourcePerson } from "./source-person.ts";
import type { Tables } from "./tables.ts";

interface PersonRow extends Pick<SourcePerson, "id" | "state" | "traits"> {
  readonly schema_id: string;
  readonly state_changed_at: Date | null;
  readonly metadata_public: string | null;
  readonly metadata_admin: string | null;
  readonly external_id: string | null;
  readonly organization_id: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

interface OwnedRow {
  readonly id: string;
  readonly identity_id: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** When it was changed, and what stands for its id and that time, as in `outlines.ts`. */
  readonly changed: Date;
  readonly mix: number | string;
}

interface CredentialRow extends OwnedRow {
  readonly config: string;
  readonly type_id: string;
}

interface AddressRow extends OwnedRow {
  readonly via: string;
  readonly value: string;
}

interface VerifiableRow extends AddressRow {
  readonly status: string;
  readonly verified: number;
  readonly verified_at: Date | null;
}

interface RecoveryRow extends AddressRow {
  readonly break_glass_for_organization: string | null;
}

interface SessionRow extends OwnedRow {
  readonly token: string | null;
  readonly aal: string | null;
  readonly authentication_methods: string | null;
  readonly issued_at: Date;
  readonly authenticated_at: Date;
  readonly expires_at: Date;
}

interface DeviceRow {
  readonly id: string;
  readonly session_id: string;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly location: string | null;
}

const groupBy = <Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): ReadonlyMap<Key, Row[]> => {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
};

/** A person, and the digest of that version. */
export interface ReadPerson {
  readonly person: SourcePerson;
  readonly digest: Buffer;
}

/**
 * Reads people with all that is theirs, of their sessions those that are live at `now`. The digest is that of the rows
 * that were read.
 *
 * @param at the time by the clock of the source
 */
export const createReadPeople = (sql: Pick<Sql, "query">, network: string, tables: Tables) => {
  /** Rows of a network by a list of ids. */
  const select = async <Row>(
    columns: string,
    table: string,
    by: string,
    ids: readonly string[],
    further = "",
  ): Promise<Row[]> => {
    const list = padded(ids);
    return list.length === 0
      ? []
      : sql.query<Row>(`SELECT ${columns} FROM ${table} WHERE nid = ? AND ${by} IN (${placeholders(list)})${further}`, [
          network,
          ...list,
        ]);
  };
  const owned = (table: string): string => {
    const changed = changedColumn(tables, table);
    return `id, identity_id, created_at, updated_at, ${changed} AS changed, ${mixOf(changed)} AS mix`;
  };
  const optional = (table: string, names: readonly string[]) =>
    names.map((name) => tables.orNull(table, name)).join(", ");

  return async (
    ids: readonly string[],
    typeName: (id: string) => string,
    { at, now }: { readonly at: Date; readonly now: Date },
  ): Promise<readonly ReadPerson[]> => {
    const identityColumns = optional("identities", [
      "state_changed_at",
      "metadata_public",
      "metadata_admin",
      "external_id",
      "organization_id",
    ]);
    const [people, credentials, verifiable, recovery, activeSessions] = await Promise.all([
      select<PersonRow>(
        `id, schema_id, traits, state, created_at, updated_at, ${identityColumns}`,
        "identities",
        "id",
        ids,
      ),
      select<CredentialRow>(
        `${owned("identity_credentials")}, config, identity_credential_type_id AS type_id`,
        "identity_credentials",
        "identity_id",
        ids,
      ),
      select<VerifiableRow>(
        `${owned("identity_verifiable_addresses")}, via, value, status, verified, verified_at`,
        "identity_verifiable_addresses",
        "identity_id",
        ids,
      ),
      select<RecoveryRow>(
        `${owned("identity_recovery_addresses")}, via, value, ` +
          `${optional("identity_recovery_addresses", ["break_glass_for_organization"])}`,
        "identity_recovery_addresses",
        "identity_id",
        ids,
      ),
      select<SessionRow>(
        `${owned("sessions")}, token, issued_at, authenticated_at, expires_at, ` +
          `${optional("sessions", ["aal", "authentication_methods"])}`,
        "sessions",
        "identity_id",
        ids,
        " AND active = 1",
      ),
    ]);
    const sessions = activeSessions.filter((session) => session.expires_at > now);
    const lapsed = activeSessions.filter((session) => session.expires_at <= now);
    const [identifiers, devices] = await Promise.all([
      select<{ readonly identifier: string | null; readonly credential: string }>(
        "identifier, identity_credential_id AS credential",
        "identity_credential_identifiers",
        "identity_credential_id",
        credentials.map(({ id }) => id),
      ),
      tables.has("session_devices")
        ? select<DeviceRow>(
            "id, session_id, ip_address, user_agent, location",
            "session_devices",
            "session_id",
            sessions.map(({ id }) => id),
          )
        : [],
    ]);
    const ownerOf = (row: OwnedRow) => row.identity_id;
    const of = {
      credentials: groupBy(credentials, ownerOf),
      verifiable: groupBy(verifiable, ownerOf),
      recovery: groupBy(recovery, ownerOf),
      sessions: groupBy(sessions, ownerOf),
      lapsed: groupBy(lapsed, ownerOf),
      identifiers: groupBy(identifiers, (row) => row.credential),
      devices: new Map(devices.map((row) => [row.session_id, row])),
    };
    // In the order in which `outlines.ts` has them.
    const rowsOf = [of.credentials, of.verifiable, of.recovery, groupBy(activeSessions, ownerOf)];
    return people.map((row) => ({
      person: personOf(row, of, typeName),
      digest: digestOf(
        { updatedAt: row.updated_at },
        rowsOf.map((rows) => sumOf(rows.get(row.id) ?? [])),
        at,
      ),
    }));
  };
};

interface Owned {
  readonly credentials: ReadonlyMap<string, CredentialRow[]>;
  readonly verifiable: ReadonlyMap<string, VerifiableRow[]>;
  readonly recovery: ReadonlyMap<string, RecoveryRow[]>;
  readonly sessions: ReadonlyMap<string, SessionRow[]>;
  readonly lapsed: ReadonlyMap<string, SessionRow[]>;
  readonly identifiers: ReadonlyMap<string, readonly { readonly identifier: string | null }[]>;
  readonly devices: ReadonlyMap<string, DeviceRow>;
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

const addressOf = ({ id, via, value, created_at: createdAt, updated_at: updatedAt }: AddressRow) => ({
  id,
  via,
  value,
  createdAt,
  updatedAt,
});

const personOf = (row: PersonRow, of: Owned, typeName: (id: string) => string): SourcePerson => ({
  id: row.id,
  schemaId: row.schema_id,
  state: row.state,
  stateChangedAt: row.state_changed_at,
  traits: row.traits,
  metadataPublic: row.metadata_public,
  metadataAdmin: row.metadata_admin,
  externalId: row.external_id,
  organizationId: row.organization_id,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  credentials: (of.credentials.get(row.id) ?? [])
    .map((credential) => ({
      type: typeName(credential.type_id),
      config: credential.config,
      createdAt: credential.created_at,
      updatedAt: credential.updated_at,
      identifiers: (of.identifiers.get(credential.id) ?? []).flatMap(({ identifier }) => identifier ?? []).sort(),
    }))
    .sort((a, b) => (a.type < b.type ? -1 : 1)),
  verifiable: (of.verifiable.get(row.id) ?? []).sort(byId).map((address) => ({
    ...addressOf(address),
    status: address.status,
    verified: Number(address.verified) === 1,
    verifiedAt: address.verified_at,
  })),
  lapsed: (of.lapsed.get(row.id) ?? []).map(({ id }) => id),
  recovery: (of.recovery.get(row.id) ?? []).sort(byId).map((address) => ({
    ...addressOf(address),
    isForOrganization: address.break_glass_for_organization !== null,
  })),
  sessions: (of.sessions.get(row.id) ?? []).sort(byId).map((session) => {
    const device = of.devices.get(session.id);
    return {
      id: session.id,
      token: session.token,
      aal: session.aal ?? "",
      methods: session.authentication_methods,
      issuedAt: session.issued_at,
      authenticatedAt: session.authenticated_at,
      expiresAt: session.expires_at,
      device: device && {
        id: device.id,
        ip: device.ip_address ?? "",
        userAgent: device.user_agent ?? "",
        location: device.location ?? "",
      },
    };
  }),
});
