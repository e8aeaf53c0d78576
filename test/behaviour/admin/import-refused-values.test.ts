import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { importers } from "../../protocols/importers.ts";
import { operatorProtocols } from "../../protocols/operators.ts";
import { newEmail } from "../../protocols/person.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* A value that the database does not take is a fault of its identity alone, whatever was checked before. */

/** Columns that are narrower than those of the server, of fewer characters, and with a check. */
const narrow = [
  "ALTER TABLE identities MODIFY external_id VARCHAR(40) CHARACTER SET latin1 NULL",
  "ALTER TABLE identities ADD CONSTRAINT few_notes CHECK (JSON_LENGTH(metadata_admin) < 3)",
  "ALTER TABLE identity_identifiers ADD CONSTRAINT short_name CHECK (CHAR_LENGTH(identifier) < 60)",
];

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  for (const statement of narrow) await server.sql(statement);
});
afterAll(() => server?.stop());

const person = (more: JsonObject = {}): JsonObject => ({ traits: { email: newEmail() }, ...more });
const tooLong = () => person({ external_id: "x".repeat(41) });
const otherCharset = () => person({ external_id: `😀${newEmail()}` });
const tooManyNotes = () => person({ metadata_admin: { a: 1, b: 2, c: 3 } });
const tooLongName = () => ({ traits: { email: newEmail().padStart(60, "x") } });
const people = (count: number) => Array.from({ length: count }, () => person());

const tables = ["identities", "identity_identifiers", "identity_addresses", "security_events"];
const countRows = async (): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries(
    await Promise.all(
      tables.map(async (table) => {
        const [row] = await server.sql<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`);
        return [table, Number(row?.n)] as const;
      }),
    ),
  );

describe.each(importers)("an import through $name", ({ send }) => {
  it("answers them by line and field, and creates everybody else", async () => {
    const begun = await countRows();
    await send(server.adminUrl, [person()]);
    const one = await countRows();
    const lines = [
      ...people(30),
      tooLong(),
      ...people(2),
      otherCharset(),
      tooManyNotes(),
      ...people(40),
      tooLongName(),
      ...people(3),
    ];
    const answers = await send(server.adminUrl, lines);
    const refused = answers.filter(({ action }) => action !== "create");
    expect(refused.map(({ line, action, error }) => [line, action, error?.code, error?.field])).toEqual([
      [31, "error", 400, "external_id"],
      [34, "error", 400, "external_id"],
      [35, "error", 400, undefined],
      [76, "error", 400, undefined],
    ]);
    expect(refused.map(({ error }) => error?.reason)).toEqual([
      "The database does not take a value of external_id (ER_DATA_TOO_LONG).",
      expect.stringMatching(/^The database does not take a value of external_id \(ER_\w+\)\.$/),
      expect.stringMatching(/^The database does not take a value \(ER_\w+\)\.$/),
      expect.stringMatching(/^The database does not take a value \(ER_\w+\)\.$/),
    ]);
    expect(answers).toHaveLength(lines.length);
    // As much of each as of the first, and nothing of those that were refused.
    const after = await countRows();
    const created = lines.length - refused.length;
    for (const table of tables) {
      const each = (one[table] ?? 0) - (begun[table] ?? 0);
      expect([table, after[table]]).toEqual([table, (one[table] ?? 0) + created * each]);
    }
  });

  it("tells them from those that claim what others have", async () => {
    const there = person();
    await send(server.adminUrl, [there]);
    const answers = await send(server.adminUrl, [there, tooLong(), person(), there]);
    expect(answers.map(({ action, error }) => [action, error?.code])).toEqual([
      ["error", 409],
      ["error", 400],
      ["create", undefined],
      ["error", 409],
    ]);
  });
});

describe.each(operatorProtocols)("through $name", ({ call }) => {
  it("one identity that is created, or one of a batch, is refused by its field", async () => {
    const { createIdentity, batchPatchIdentities } = IdentityAdminService.method;
    expect(await call(server.adminUrl, createIdentity, tooLong())).toMatchObject({
      ok: false,
      reason: "INVALID_FIELD",
      field: "external_id",
    });
    const before = await countRows();
    const batch = { identities: [{ create: tooLong() }, { create: person() }] };
    expect(await call(server.adminUrl, batchPatchIdentities, batch)).toMatchObject({
      value: { identities: [{ action: "error", error: { code: 400 } }, { action: "create" }] },
    });
    expect((await countRows()).identities).toBe((before.identities ?? 0) + 1);
  });
});
