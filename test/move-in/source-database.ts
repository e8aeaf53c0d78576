import { readFileSync } from "node:fs";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { type Connection, createConnection } from "mysql2/promise";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { merge, type Raw } from "../../src/config/tree.ts";
import { createDatabase } from "../../src/db/pool.ts";
import { createIdentityStore } from "../../src/identity/store.ts";
import { createConversion } from "../../src/move-in/create-conversion.ts";
import { move } from "../../src/move-in/move.ts";
import type { MoveOptions } from "../../src/move-in/move-deps.ts";
import type { MoveReport, RefusedPerson } from "../../src/move-in/report.ts";
import { openSource } from "../../src/move-in/source/source.ts";
import { type TestServer, testSecrets } from "../protocols/server.ts";
import { type FreshDatabase, freshDatabase } from "../setup/fresh-database.ts";
import { kratosDefinitions, kratosTables } from "./kratos-tables.ts";

/* A database of Ory Kratos beside a server, and moving from one to the other. */

const folder = path.join(import.meta.dirname, "kratos");
const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");

/** Rows that Ory Kratos 1.3 wrote, by table. */
export const recordedRows = (table: string): readonly JsonObject[] =>
  read(`rows/${table}.ndjson`)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as JsonObject);

/** Somebody of the recorded rows, with all that they sign in with. */
export interface RecordedPerson {
  readonly id: string;
  readonly kind: string;
  readonly email: string;
  readonly password: string;
  readonly traits: JsonObject;
  readonly sessions: readonly { readonly token?: string; readonly cookie?: string }[];
  readonly provider?: { readonly provider: string; readonly subject: string };
  readonly totp?: string;
  readonly lookup?: readonly string[];
  readonly webauthn?: RecordedKey;
  readonly passkey?: RecordedKey;
}

/** A key, with the private part that its authenticator would not give away. */
export interface RecordedKey {
  readonly id: string;
  readonly userHandle: string;
  readonly privateKey: JsonObject;
  readonly signCount: number;
}

/** Everybody of the recorded rows. */
export const recordedPeople = (): readonly RecordedPerson[] => JSON.parse(read("people.json")) as RecordedPerson[];

/** The moment at which the recorded rows were of today. */
export const recordedNow = new Date("2026-11-27T14:00:00Z");

/**
 * The configuration that the recorded rows were written under, for a server of the tests: on ports of its own, with
 * cheap hashes.
 */
export const recordedConfiguration = (): Raw => {
  const { dsn: _, serve: __, version: ___, hashers: ____, ...rest } = parse(read("kratos.yml")) as Raw;
  const url = `file://${path.join(folder, "identity.schema.json")}`;
  return { ...rest, identity: { default_schema_id: "default", schemas: [{ id: "default", url }] } };
};

/** A database with the tables of Ory Kratos. */
export interface SourceDatabase {
  readonly database: FreshDatabase;
  readonly connection: Connection;
  insert(table: string, rows: readonly JsonObject[]): Promise<void>;
  close(): Promise<void>;
}

/** Makes it, with nobody in it. */
const emptySource = async (): Promise<SourceDatabase> => {
  const database = await freshDatabase();
  const connection = await createConnection({ ...database.connection, timezone: "Z" });
  for (const sql of kratosDefinitions) await connection.query(sql);
  return {
    database,
    connection,
    insert: async (table, rows) => {
      const [first] = rows;
      if (first === undefined) return;
      const names = Object.keys(first);
      await connection.query(`INSERT INTO ${table} (${names.join(", ")}) VALUES ?`, [
        rows.map((row) => names.map((name) => row[name])),
      ]);
    },
    close: async () => {
      await connection.end();
      await database.drop();
    },
  };
};

/** Makes it, with the recorded rows. */
export const recordedSource = async (): Promise<SourceDatabase> => {
  const source = await emptySource();
  for (const table of kratosTables.filter((name) => name !== "courier_messages"))
    await source.insert(table, recordedRows(table));
  return source;
};

/** What a move came to, and who did not come along. */
export interface Moved extends MoveReport {
  readonly people: readonly RefusedPerson[];
}

/** How a test moves. */
export interface MovingOptions extends MoveOptions {
  readonly configuration?: Raw;
  /** Runs after a part of the people was listed, before anything is done with them. */
  readonly onListed?: (part: { readonly after: string; readonly before: string }) => Promise<void>;
}

/** Moves everybody of a source to a server's database, as its configuration says. */
export const moveInto = async (
  server: Pick<TestServer, "database" | "clock">,
  from: Pick<SourceDatabase, "database">,
  { configuration = {}, onListed, ...options }: MovingOptions = {},
): Promise<Moved> => {
  const { config } = loadConfig({
    files: [],
    env: {},
    overrides: merge({ dev: true, dsn: server.database.dsn, secrets: testSecrets }, configuration),
  });
  const db = createDatabase({ dsn: server.database.dsn, poolSize: 5 });
  const source = await openSource({ dsn: from.database.dsn, network: undefined, connections: 5 });
  const people: RefusedPerson[] = [];
  try {
    const report = await move(
      {
        source: {
          ...source,
          list: async (span, limit) => {
            const listed = await source.list(span, limit);
            await onListed?.(span);
            return listed;
          },
        },
        db,
        convert: await createConversion(config, config),
        identities: createIdentityStore(),
        clock: server.clock,
        digestKey: config.secrets.default[0] ?? "",
      },
      { workers: 2, ...options, onRefused: (person) => people.push(person) },
    );
    return { ...report, people };
  } finally {
    await source.close();
    await db.close();
  }
};
