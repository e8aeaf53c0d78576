import { expect, it } from "vitest";
import { createAead } from "../../src/lib/aead.ts";
import { createCodeSecrets } from "../../src/methods/lookup_secret/credential.ts";
import { createTotpSecrets } from "../../src/methods/totp/credential.ts";
import { createConvertPerson } from "../../src/move-in/convert/convert-person.ts";
import type { SourcePerson } from "../../src/move-in/source/source-person.ts";
import { person as schema } from "../unit/schema/person.ts";

/* Rows that no person could have been given: whose they are is refused, and everybody else moves. */

const aead = createAead({ algorithm: "aes", keys: ["x".repeat(32)] });
const convert = createConvertPerson({
  schemas: { list: () => [schema] },
  aead,
  totpSecrets: createTotpSecrets(aead),
  codeSecrets: createCodeSecrets(aead, ["x".repeat(32)]),
  maxCost: { bcrypt: 14, argon2_memory: 2 ** 20, argon2_iterations: 10 },
  open: () => undefined,
});

const id = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";
const since = new Date("2024-05-01T10:00:00Z");
const row: SourcePerson = {
  id,
  schemaId: schema.id,
  state: "active",
  stateChangedAt: null,
  traits: JSON.stringify({ email: "ann@example.com" }),
  metadataPublic: null,
  metadataAdmin: null,
  externalId: null,
  organizationId: null,
  createdAt: since,
  updatedAt: since,
  credentials: [],
  verifiable: [],
  recovery: [],
  sessions: [],
  lapsed: [],
};
const address = { id, via: "email", value: "ann@example.com", createdAt: since, updatedAt: since };

it.each([
  ["a time that is none", { recovery: [{ ...address, createdAt: new Date(Number.NaN), isForOrganization: false }] }],
  ["JSON that is none", { traits: "{" }],
  ["an address that is none", { recovery: [{ ...address, value: null as never, isForOrganization: false }] }],
])("%s refuses the person, and quotes nothing of theirs", (_, broken) => {
  expect(convert(row).kind).toBe("moved");
  const refused = convert({ ...row, ...broken });
  expect(refused).toMatchObject({ kind: "refused", id, reason: "broken" });
  expect(JSON.stringify(refused)).not.toContain("example.com");
});
