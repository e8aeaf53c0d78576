import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { isDuplicate } from "../../../src/db/sql-error.ts";
import type { IdentityRecord } from "../../../src/identity/identity.ts";
import { createIdentityStore } from "../../../src/identity/store.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

let fresh: FreshDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 2 });
});
afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});

const store = createIdentityStore();

const person = (parts: Partial<IdentityRecord>): IdentityRecord => ({
  id: randomUUID(),
  externalId: undefined,
  schemaId: "person",
  state: "active",
  stateChangedAt: undefined,
  traits: {},
  verifiable: [],
  recovery: [],
  credentials: {},
  metadataPublic: null,
  metadataAdmin: null,
  organizationId: undefined,
  version: 0,
  createdAt: new Date(),
  updatedAt: new Date(),
  ...parts,
});

const insert = (record: IdentityRecord) => db.transaction((tx) => store.insert(tx, record, {}));
const withIdentifier = (type: string, identifier: string) =>
  person({ credentials: { [type]: { identifiers: [identifier], set: false, facts: {} } } });

describe("no two people have the same", () => {
  it.each<[string, () => IdentityRecord]>([
    ["identifier of a type", () => withIdentifier("password", "ada")],
    ["identifier, however long", () => withIdentifier("password", "a".repeat(512))],
    ["id in another system", () => person({ externalId: "7" })],
  ])("%s", async (_, make) => {
    await insert(make());
    const second = await insert(make()).catch((error: unknown) => error);
    expect(isDuplicate(second)).toBe(true);
  });

  it("but one text may be of two types, or two may differ only in case or in a space at the end", async () => {
    for (const [type, identifier] of [
      ["oidc", "acme:x"],
      ["oidc", "acme:X"],
      ["oidc", "acme:x "],
      ["password", "acme:x"],
    ] as const)
      await insert(withIdentifier(type, identifier));
    const found = await store.findByIdentifier(db, "oidc", ["acme:X"]);
    expect(found?.identity.credentials.oidc?.identifiers).toEqual(["acme:X"]);
  });
});
