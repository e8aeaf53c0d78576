import type { TestServer } from "./server.ts";

/* Many people at once, written by the database itself. */

const digit =
  "(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 " +
  "UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
const id = (what: string) => `UNHEX(LEFT(SHA2(CONCAT('${what}', n), 256), 32))`;
const digest = (what: string) => `UNHEX(SHA2(CONCAT('${what}', n), 256))`;
const later = "'2100-01-01'";

/** What each of them has, by table. */
const rows: Readonly<Record<string, string>> = {
  identities: `(id, schema_id, state, traits, addresses, credentials, version, created_at, updated_at)
    SELECT ${id("person")}, 'person', 'active', '{}', '{"verifiable": [], "recovery": []}', '{}', 0, NOW(), NOW()
      FROM crowd`,
  identity_credentials: `(identity_id, type, config, version, created_at, updated_at)
    SELECT ${id("person")}, 'password', '{}', 1, NOW(), NOW() FROM crowd`,
  identity_identifiers: `(identity_id, digest, type, identifier)
    SELECT ${id("person")}, ${digest("identifier")}, 'password', CONCAT('p', n, '@example.net') FROM crowd`,
  identity_addresses: `(identity_id, digest, purpose, via, value)
    SELECT ${id("person")}, ${digest("address")}, 'recovery', 'email', CONCAT('p', n, '@example.net') FROM crowd`,
  sessions: `(identity_id, id, token_digest, salt, active, methods, device, issued_at, authenticated_at, expires_at)
    SELECT ${id("person")}, ${id("session")}, ${digest("token")}, ${id("salt")}, 1, '[]', '{}', NOW(),
    NOW(), ${later} FROM crowd`,
  flows: `(home_id, id, kind, type, identity_id, state, request_url, form, context, issued_at, updated_at, expires_at)
    SELECT ${id("person")}, ${id("flow")}, 'settings', 'api', ${id("person")}, 'show_form', '', '{}', '{}', NOW(),
    NOW(), ${later} FROM crowd`,
  continuations: `(home_id, flow_id, kind, id, step, method, identity_id, ciphertext, expires_at)
    SELECT ${id("person")}, ${id("flow")}, 'reauthentication', ${id("waits")}, 'proof', 'password', ${id("person")},
    '', ${later} FROM crowd`,
  security_events: `(identity_id, id, type, outcome, remote_address, request_id, detail, created_at)
    SELECT ${id("person")}, ${id("event")}, 'x', 'done', '', '', '{}', NOW() FROM crowd`,
  attempts: `(bucket, failures, expires_at) SELECT ${digest("bucket")}, 1, ${later} FROM crowd`,
};

/** Writes a hundred thousand people, each with a row in every table of people, and has the database count them. */
export const writeCrowd = async ({ sql }: TestServer): Promise<void> => {
  await sql("CREATE TABLE crowd (n INT PRIMARY KEY)");
  await sql(
    `INSERT INTO crowd SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d
      FROM ${["a", "b", "c", "e", "f"].map((name) => `${digit} ${name}`).join(", ")}`,
  );
  for (const [table, select] of Object.entries(rows)) await sql(`INSERT INTO ${table} ${select} ORDER BY 1`);
  await sql("DROP TABLE crowd");
  await sql(`ANALYZE TABLE ${Object.keys(rows).join(", ")}`);
};
