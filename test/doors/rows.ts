import type { JsonObject } from "@bufbuild/protobuf";
import type { TestServer } from "./server.ts";

/* What only the database shows. */

/** An id as the database keeps it. */
export const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll("-", ""), "hex");

/** The version of a person's account, which is also its etag. */
export const versionOf = async (server: TestServer, identityId: string): Promise<string> => {
  const [row] = await server.sql<{ version: number }>("SELECT version FROM identities WHERE id = ?", [idBytes(identityId)]);
  return String(row?.version);
};

/** The hash of a person's password; undefined when they have none. */
export const passwordHashOf = async (server: TestServer, identityId: string): Promise<string | undefined> => {
  const [row] = await server.sql<{ hash: string }>(
    "SELECT JSON_UNQUOTE(JSON_EXTRACT(config, '$.hashed_password')) AS hash FROM identity_credentials WHERE identity_id = ? AND type = 'password'",
    [idBytes(identityId)],
  );
  return row?.hash;
};

/** What people are written in: everything a change of a person may touch. */
const tables = ["identities", "identity_credentials", "identity_identifiers", "identity_addresses", "sessions", "continuations", "security_events"] as const;

/** Every row of those tables as text, to be compared before and after. Flows are left out: a form remembers what was wrong with it. */
export const everythingWritten = async (server: TestServer): Promise<Readonly<Record<string, readonly string[]>>> => {
  const found: Record<string, readonly string[]> = {};
  for (const table of tables) found[table] = (await server.sql<JsonObject>(`SELECT * FROM ${table}`)).map((row) => JSON.stringify(row)).sort();
  return found;
};
