/*
 * What a statement may not have, so that one code base runs on MySQL, MariaDB,
 * Galera, TiDB and shards. Checked for each statement that the suite runs
 * (every-file.ts), and for what stands in the source (statement-rules.test.ts).
 */

/** What one of the engines refuses, ignores in silence, or does in a way of its own. */
export const forbidden: Readonly<Record<string, RegExp>> = {
  "LIMIT or OFFSET by a placeholder": /\b(?:LIMIT|OFFSET)\s+\?(?!\s*[\w("])/,
  // Where it is ignored, group commit waits: what it locks is counted when it is written (db/group-commit.ts).
  "SKIP LOCKED": /(?<!\bAS name FROM [\s\S]{0,8000} FOR UPDATE )\bSKIP\s+LOCKED\b/i,
  "FOR SHARE": /\bFOR\s+SHARE\b|\bLOCK\s+IN\s+SHARE\s+MODE\b/i,
  RETURNING: /\bRETURNING\b/,
  JSON_TABLE: /\bJSON_TABLE\b/i,
  "a trigger": /\b(?:CREATE|DROP)\s+TRIGGER\b/i,
  "a CHECK": /\bCHECK\s*\(/,
  REPLACE: /(?:^|["'`;])\s*REPLACE\s+(?:INTO\s+)?\w/i,
  "a named lock": /\b(?:GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS|IS_FREE_LOCK|IS_USED_LOCK)\b/i,
  "a foreign key": /\bFOREIGN\s+KEY\b|\bREFERENCES\s+\w+\s*\(/i,
  AUTO_INCREMENT: /\bAUTO_INCREMENT\b/i,
  "an index over an expression": /\b(?:KEY|INDEX)\s+\w*(?:\s+ON\s+\w+)?\s*\(\s*\(/i,
  "an alias for the row of an upsert": /\)\s*AS\s+\w+\s*(?:\([^)]*\)\s*)?ON\s+DUPLICATE\s+KEY\b/i,
};

/** By which columns a statement may find a person's rows: the key that leads, or what leads to it. */
const keysOf: Readonly<Record<string, readonly string[]>> = {
  identities: ["id"],
  identity_credentials: ["identity_id"],
  identity_identifiers: ["identity_id", "digest"],
  identity_addresses: ["identity_id", "digest"],
  // By its id an operator finds it; what is written names the person.
  sessions: ["identity_id", "token_digest", "id"],
  trusted_devices: ["identity_id"],
  pending_addresses: ["identity_id"],
  address_undos: ["identity_id"],
  flows: ["home_id"],
  // By its id whoever brings a ticket finds it; what is written names the home.
  continuations: ["home_id", "id"],
  security_events: ["identity_id"],
  // By the digest of its token the link of a mail finds it.
  account_deletions: ["identity_id", "undo_digest"],
  invitations: ["identity_id"],
};

/** Tables of nobody, with keys of their own. */
const others = new Set([
  "attempts",
  "oidc_nonces",
  "repeated_requests",
  "flow_errors",
  "jobs",
  "event_stream",
  "ended_receivers",
  "courier_messages",
  "moved_identities",
  "move_leases",
  "schema_migrations",
  "schema_migration_lease",
]);

/** Statements that go everywhere, and say why. */
const everywhere = [
  // The tables of another server, which are only read (docs/move-in.md).
  /^SELECT (?:(?! FROM ).)* FROM \w+ WHERE nid = \?/,
  /^SELECT table_name AS t, column_name AS c FROM information_schema\.columns WHERE table_schema = DATABASE\(\)$/,
  /^SELECT id(?:, name)? FROM (?:networks|identity_credential_types)$/,
  // The purge.
  /^DELETE FROM \w+ WHERE (\w+) <= \? ORDER BY \1 LIMIT \d+$/,
  // What operators list, across all people.
  new RegExp(
    "^SELECT .* FROM identities i WHERE i\\.id > \\?(?: AND i\\.organization_id = \\?)? " +
      "ORDER BY i\\.id LIMIT \\d+(?: OFFSET \\d+)?$",
  ),
  /^SELECT DISTINCT n\.identity_id FROM identity_identifiers n WHERE n\.identifier LIKE \?/,
  /^SELECT COUNT\(\*\) AS people FROM identities$/,
  /^SELECT .* FROM sessions s JOIN identities i ON i\.id = s\.identity_id WHERE s\.issued_at <= \?/,
  /^SELECT s\.id, s\.identity_id FROM sessions s(?: WHERE s\.active = 1)? LIMIT \d+$/,
  /^SELECT identity_id, .* FROM invitations WHERE identity_id > \? ORDER BY identity_id LIMIT \d+$/,
  // What operators list of what happened, and watch; giving it places, purging and verifying it.
  /^SELECT e\.identity_id, .* FROM security_events e WHERE (?:e\.stream_position > \?|e\.created_at IS NOT NULL)/,
  /^SELECT (?:1 AS n|e\.identity_id, e\.id, e\.created_at) FROM security_events e WHERE e\.stream_position IS NULL/,
  new RegExp(
    "^SELECT e\\.identity_id, e\\.position, e\\.stream_position FROM security_events e " +
      "WHERE e\\.created_at <= \\? AND \\(e\\.relay IS NULL OR e\\.relay = 2\\) ORDER BY",
  ),
  // What is to be queued for receivers, of all people.
  new RegExp(
    "^SELECT [^()]*(?:COUNT\\(\\*\\) AS n )?FROM security_events e FORCE INDEX \\(security_events_relay\\) " +
      "WHERE e\\.relay (?:= [12]|IN \\(1, 2\\)) ",
  ),
  /^SELECT DISTINCT e\.identity_id FROM security_events e WHERE e\.identity_id > \? ORDER BY e\.identity_id LIMIT/,
  // What was nobody's when it began, of somebody who is erased, or wants to know what there is.
  /^(?:DELETE|SELECT id, kind, [\w, ]+, form) FROM flows WHERE subject_id = \?(?: AND id > \? ORDER BY id LIMIT \d+)?$/,
  // Whether a flow that is not the person's own is someone else's.
  /^SELECT 1 FROM flows f WHERE f\.id = \? AND f\.kind = 'settings'$/,
];

/** What is wrong with a statement; empty when nothing is. */
export const faultsOf = (statement: string): readonly string[] => {
  const sql = statement.replace(/\s+/g, " ").trim();
  return [
    ...Object.entries(forbidden).flatMap(([name, pattern]) => (pattern.test(sql) ? [name] : [])),
    ...(isOneAction(sql) ? [] : ["more than one action in an ALTER"]),
    ...keyFaults(sql),
  ];
};

const isOneAction = (sql: string): boolean => {
  if (!/^ALTER\b/i.test(sql)) return true;
  let inner = sql;
  for (let before = ""; before !== inner; ) {
    before = inner;
    inner = inner.replace(/\([^()]*\)|'[^']*'/g, "");
  }
  return !inner.includes(",");
};

const keyFaults = (sql: string): readonly string[] => {
  if (/^(?:CREATE|DROP|ALTER|SET|SHOW)\b/i.test(sql) || everywhere.some((pattern) => pattern.test(sql))) return [];
  return [...sql.matchAll(/(?<!ON DUPLICATE KEY )\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]\w*)(?:\s+([a-z])\b)?/g)].flatMap(
    ([reference, table = "", alias]) => {
      const keys = keysOf[table];
      if (keys === undefined) return others.has(table) ? [] : [`${table} is in no list of tables`];
      const named = reference.startsWith("INTO")
        ? keys.slice(0, 1).some((key) => new RegExp(`INTO ${table} \\([^)]*\\b${key}\\b`).test(sql))
        : keys.some((key) => names(sql, alias, table, key));
      return named ? [] : [`${table} without ${keys.join(" or ")}`];
    },
  );
};

/** Whether a condition says what the key of a table is. */
const names = (sql: string, alias: string | undefined, table: string, key: string): boolean => {
  const conditions = sql.replace(/^.*?\b(?:WHERE|ON)\b/, "");
  const column = alias === undefined ? `(?:${table}\\.|(?<![.\\w]))${key}` : `\\b${alias}\\.${key}`;
  return new RegExp(`${column}\\s*(?:=|IN\\b)|=\\s*${column}\\b(?!\\s*[.(])`).test(conditions);
};
