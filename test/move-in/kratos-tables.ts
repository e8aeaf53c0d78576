/*
 * The tables of Ory Kratos that a move reads, with the columns that it has in them. Keys are those that a move is quick
 * by; what else there is in its schema is not needed here.
 */

const at = "DATETIME NOT NULL";
const times = { created_at: at, updated_at: at };
const network = "CHAR(36) NULL";

/** Columns and keys by table. */
const tables: Readonly<Record<string, readonly [Readonly<Record<string, string>>, readonly string[]]>> = {
  networks: [times, []],
  identity_credential_types: [{ name: "VARCHAR(32) NOT NULL" }, ["UNIQUE KEY (name)"]],
  identities: [
    {
      schema_id: "VARCHAR(2048) NOT NULL",
      traits: "JSON NOT NULL",
      ...times,
      nid: network,
      state: "VARCHAR(255) NOT NULL",
      state_changed_at: "DATETIME NULL",
      metadata_public: "JSON NULL",
      metadata_admin: "JSON NULL",
      available_aal: "VARCHAR(4) NULL",
      organization_id: "CHAR(36) NULL",
      external_id: "VARCHAR(64) NULL",
    },
    ["KEY (nid, id)"],
  ],
  identity_credentials: [
    {
      config: "JSON NOT NULL",
      identity_credential_type_id: "CHAR(36) NOT NULL",
      identity_id: "CHAR(36) NOT NULL",
      ...times,
      nid: network,
      version: "INT NOT NULL DEFAULT 0",
    },
    ["KEY (nid, identity_id)"],
  ],
  identity_credential_identifiers: [
    {
      identifier: "VARCHAR(255) NULL",
      identity_credential_id: "CHAR(36) NOT NULL",
      ...times,
      nid: network,
      identity_credential_type_id: "CHAR(36) NOT NULL",
      identity_id: "CHAR(36) NOT NULL",
    },
    ["UNIQUE KEY (nid, identity_credential_type_id, identifier)", "KEY (identity_credential_id)"],
  ],
  identity_verifiable_addresses: [
    {
      status: "VARCHAR(16) NOT NULL",
      via: "VARCHAR(16) NOT NULL",
      verified: "TINYINT(1) NOT NULL",
      value: "VARCHAR(400) NOT NULL",
      verified_at: "DATETIME NULL",
      identity_id: "CHAR(36) NOT NULL",
      ...times,
      nid: network,
    },
    ["UNIQUE KEY (nid, via, value)", "KEY (nid, identity_id)"],
  ],
  identity_recovery_addresses: [
    {
      via: "VARCHAR(16) NOT NULL",
      value: "VARCHAR(400) NOT NULL",
      identity_id: "CHAR(36) NOT NULL",
      ...times,
      nid: network,
      break_glass_for_organization: "CHAR(36) NULL",
    },
    ["UNIQUE KEY (nid, via, value)", "KEY (nid, identity_id)"],
  ],
  sessions: [
    {
      issued_at: at,
      expires_at: at,
      authenticated_at: at,
      identity_id: "CHAR(36) NOT NULL",
      ...times,
      token: "VARCHAR(39) NULL",
      active: "TINYINT(1) NULL",
      nid: network,
      logout_token: "VARCHAR(39) NULL",
      aal: "VARCHAR(4) NOT NULL",
      authentication_methods: "JSON NOT NULL",
    },
    ["UNIQUE KEY (token)", "KEY (identity_id, nid)"],
  ],
  session_devices: [
    {
      ip_address: "VARCHAR(50) NULL",
      user_agent: "VARCHAR(512) NULL",
      location: "VARCHAR(512) NULL",
      session_id: "CHAR(36) NOT NULL",
      nid: "CHAR(36) NOT NULL",
      ...times,
      identity_id: "CHAR(36) NULL",
    },
    ["KEY (session_id)"],
  ],
  courier_messages: [{ status: "INT NOT NULL", nid: network, ...times }, []],
};

/** The names of the tables that are made. */
export const kratosTables: readonly string[] = Object.keys(tables);

/** Statements that make the tables. */
export const kratosDefinitions: readonly string[] = Object.entries(tables).map(
  ([name, [columns, keys]]) =>
    `CREATE TABLE ${name} (id CHAR(36) NOT NULL, ${[
      ...Object.entries(columns).map(([column, type]) => `${column} ${type}`),
      "PRIMARY KEY (id)",
      ...keys,
    ].join(", ")}) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4`,
);
