import type { TestServer } from "./server.ts";

/* What only the database shows. */

/** An id as the database keeps it. */
export const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll("-", ""), "hex");

/** The version of a person's account, which is also its etag. */
export const versionOf = async (server: TestServer, identityId: string): Promise<string> => {
  const [row] = await server.sql<{ version: number }>("SELECT version FROM identities WHERE id = ?", [
    idBytes(identityId),
  ]);
  return String(row?.version);
};

/** The hash of a person's password; undefined when they have none. */
export const passwordHashOf = async (server: TestServer, identityId: string): Promise<string | undefined> => {
  const [row] = await server.sql<{ hash: string }>(
    `SELECT JSON_UNQUOTE(JSON_EXTRACT(config, '$.hashed_password')) AS hash FROM identity_credentials
      WHERE identity_id = ? AND type = 'password'`,
    [idBytes(identityId)],
  );
  return row?.hash;
};

/** What people are written in: everything a change of a person may touch. */
const tables = [
  "identities",
  "identity_credentials",
  "identity_identifiers",
  "identity_addresses",
  "sessions",
  "continuations",
  "security_events",
] as const;

/** A row as the database sends it: made into dates, objects and numbers, it would only be made into text again. */
const asSent = (field: { buffer(): Buffer | null }) => field.buffer()?.toString("latin1") ?? "";

/** Of each table its rows as one text each, which names every column but the turn of a person. */
const readRows = async (server: TestServer): Promise<string> => {
  const columns = await server.sql<{ readonly t: string; readonly c: string }>(
    `SELECT TABLE_NAME AS t, COLUMN_NAME AS c FROM information_schema.columns
      WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME <> 'turn' ORDER BY ORDINAL_POSITION`,
  );
  const textOf = (table: string) =>
    columns.flatMap(({ t, c }) => (t === table ? [`'\n${c}: ', IFNULL(${c}, '\\0')`] : [])).join(", ");
  // That something was refused is recorded, and nobody waits for it.
  const refusals = "type REGEXP '^(login|recovery|registration|verification)[.](refused|limited)$'";
  return tables
    .map((table) => `SELECT CONCAT(${textOf(table)}) FROM ${table}`)
    .map((sql) => (sql.endsWith(" security_events") ? `${sql} WHERE NOT ${refusals}` : sql))
    .join("; ");
};
const statements = new WeakMap<TestServer, Promise<string>>();

/**
 * Every row of those tables as text, to be compared before and after. Flows are
 * left out: a form remembers what was wrong with it. So is the turn of a person,
 * which counts what was tried as well.
 */
export const everythingWritten = async (server: TestServer): Promise<Readonly<Record<string, readonly string[]>>> => {
  const reading = statements.get(server) ?? readRows(server);
  statements.set(server, reading);
  const found = await server.sql<readonly (readonly [string])[]>({
    sql: await reading,
    typeCast: asSent,
    rowsAsArray: true,
  });
  return Object.fromEntries(tables.map((table, index) => [table, (found[index] ?? []).map(([row]) => row).sort()]));
};

/** The accounts of providers that a person has linked, by which they are known. */
export const linksOf = async (server: TestServer, identityId: string): Promise<readonly string[]> => {
  const rows = await server.sql<{ identifier: string }>(
    "SELECT identifier FROM identity_identifiers WHERE identity_id = ? AND type = 'oidc' ORDER BY identifier",
    [idBytes(identityId)],
  );
  return rows.map(({ identifier }) => identifier);
};

/** Of an event that tells of a change, and not of somebody who signed in or up. */
export const isChange = `type NOT IN
  ('registration.succeeded', 'login.succeeded', 'login.refused', 'session.reauthenticated')`;

/** The changes among the security events of a person, oldest first: type, outcome and provider. */
export const eventsOf = async (server: TestServer, identityId: string): Promise<readonly string[]> => {
  const rows = await server.sql<{ type: string; outcome: string; detail: unknown }>(
    `SELECT type, outcome, detail FROM security_events WHERE identity_id = ? AND ${isChange} ORDER BY position`,
    [idBytes(identityId)],
  );
  return rows.map(({ type, outcome, detail }) => {
    const { provider } = (typeof detail === "string" ? JSON.parse(detail) : detail) as { readonly provider?: string };
    return [type, outcome, ...(provider === undefined ? [] : [provider])].join(" ");
  });
};

/** Makes all sessions of a person older than any change that needs a recent proof may be. */
export const ageSessions = async (server: TestServer, identityId: string): Promise<void> => {
  await server.sql("UPDATE sessions SET authenticated_at = authenticated_at - INTERVAL 2 HOUR WHERE identity_id = ?", [
    idBytes(identityId),
  ]);
};

/** Gives somebody so many events, each with so many bytes of detail, and sessions that were over long ago. */
export const giveHistory = async (server: TestServer, id: string, many: number, bytes = 0): Promise<void> => {
  const digits =
    "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL " +
    "SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
  const numbers = `(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM ${["a", "b", "c", "d"]
    .map((name) => `${digits} AS ${name}`)
    .join(", ")}) AS numbers WHERE n < ${many}`;
  const of = [idBytes(id)];
  await server.sql(
    `INSERT INTO security_events (identity_id, id, type, outcome, remote_address, request_id, detail, created_at)
      SELECT ?, UNHEX(CONCAT('018f000000007000', LPAD(HEX(n), 16, '0'))), 'login.succeeded', 'done', '192.0.2.1', '',
      JSON_OBJECT('note', REPEAT('x', ${bytes})), '2026-01-01 00:00:00.000' FROM ${numbers}`,
    of,
  );
  await server.sql(
    `INSERT INTO sessions (identity_id, id, token_digest, salt, active, methods, device, issued_at, authenticated_at,
      expires_at)
      SELECT identity_id, UNHEX(CONCAT(LEFT(SHA2(identity_id, 256), 16), LPAD(HEX(n), 16, '0'))),
      UNHEX(SHA2(CONCAT(HEX(identity_id), n), 256)),
        salt, 0, methods, device, '2026-01-01 00:00:00.000', '2026-01-01 00:00:00.000', '2026-01-02 00:00:00.000'
        FROM (SELECT * FROM sessions WHERE identity_id = ? LIMIT 1) AS theirs, ${numbers}`,
    of,
  );
};
