import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bounds } from "../../../src/schema/bounds.ts";
import { coerce } from "../../../src/schema/coerce.ts";
import { readTraits } from "../../../src/schema/form.ts";
import type { IdentitySchema } from "../../../src/schema/identity-schema.ts";
import { traitNodes } from "../../../src/schema/nodes.ts";
import { normaliseEmail, normaliseIdentifier } from "../../../src/schema/normalise.ts";
import { validateTraits } from "../../../src/schema/validate.ts";
import { person, schemaOf } from "./person.ts";
import "../../setup/seeded.ts";

/*
 * Whatever is sent as traits is read, judged and shown without an exception, in
 * bounded time, and with a bounded number of texts.
 */

const keyword = "ory.sh/kratos";
const mail: JsonObject = {
  type: "string",
  format: "email",
  [keyword]: {
    credentials: { password: { identifier: true }, code: { identifier: true, via: "email" } },
    verification: { via: "email" },
    recovery: { via: "email" },
  },
};
const schemas: Readonly<Record<string, IdentitySchema>> = {
  closed: person,
  open: schemaOf({ properties: { email: mail } }),
  addresses: schemaOf({
    properties: { a: { type: "array", items: mail, uniqueItems: true } },
    additionalProperties: mail,
  }),
  "with patterns": schemaOf({
    patternProperties: {
      "^a": { type: "string", minLength: 3, pattern: "^[a-z]+$", enum: ["abc"] },
      b$: { anyOf: [{ type: "number" }, { type: "string", format: "email" }, { const: { toString: 1 } }] },
    },
    additionalProperties: { type: "integer" },
    dependencies: { x: ["y"], a: { properties: { z: mail } } },
  }),
};

/** All that is done with traits that were sent. */
const act = (schema: IdentitySchema, sent: JsonObject, current: JsonObject | undefined): number => {
  const { traits, submittedValues } = readTraits(schema, sent, current === undefined ? {} : { current });
  const verdict = validateTraits(schema, traits);
  const messages = verdict.kind === "invalid" ? verdict.messages : [];
  traitNodes(schema, { group: "profile", values: {}, submittedValues, messages });
  return messages.length;
};

const wide = (length: number, value: (at: number) => JsonValue): JsonObject =>
  Object.fromEntries(Array.from({ length }, (_, at) => [`a${at}`, value(at)]));
const parsed = (json: string): JsonObject => JSON.parse(json) as JsonObject;

/** 64 kB each, of whatever may take long. */
const large: Readonly<Record<string, JsonObject>> = {
  "empty lists": { a: Array.from({ length: 20_000 }, () => []) },
  numbers: { a: Array.from({ length: 20_000 }, () => 1) },
  "as many texts as may be": { a: Array.from({ length: 990 }, (_, at) => `x${at}`) },
  "as many addresses as may be": { a: Array.from({ length: 990 }, (_, at) => `m${at}@example.com`) },
  "as many members as may be": wide(990, (at) => `v${at}`),
  "too many members": wide(6_000, () => 1),
  "nested objects": parsed(`${'{"a":'.repeat(8_000)}1${"}".repeat(8_000)}`),
  "nested lists": parsed(`{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`),
  "dotted names": Object.fromEntries(Array.from({ length: 2_500 }, (_, at) => [`traits.a${at}.b.c`, "v"])),
  "deep names": Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`traits.${"a.".repeat(28)}${at}`, "v"])),
  "one deep name": { [`traits.${"a.".repeat(30_000)}b`]: "v" },
  "a name of dots": { [`traits.${".".repeat(60_000)}`]: "v" },
  "a name of backslashes": { [`traits.${"\\".repeat(60_000)}`]: "v" },
  "a long name": { ["x".repeat(60_000)]: "v" },
  "far indices": Object.fromEntries(Array.from({ length: 2_500 }, (_, at) => [`traits.a.${at * 99_991}`, "v"])),
  "names with line breaks": Object.fromEntries(Array.from({ length: 2_500 }, (_, at) => [`traits.a${at}\r\n`, "v"])),
  "what folds to much more": { email: "\ufdfa".repeat(21_000), a0: "\ufdfa".repeat(21_000) },
  "one long text": { email: "x".repeat(65_000) },
  "a list sent whole": { "traits.a": Array.from({ length: 9_000 }, () => "x") },
};
const current = wide(900, (at) => (at % 3 === 0 ? null : `t\n${at}`));

describe.each(Object.keys(schemas))("traits under a schema that is %s", (name) => {
  const schema = schemas[name] ?? person;

  it.each(Object.keys(large))("take little time when they are %s", (kind) => {
    const sent = large[kind] ?? {};
    const times: number[] = [];
    for (let run = 0; run < 6; run++) {
      const begun = process.threadCpuUsage();
      expect(act(schema, sent, run % 2 === 0 ? current : undefined)).toBeLessThanOrEqual(bounds.reported);
      const { user, system } = process.threadCpuUsage(begun);
      times.push((user + system) / 1_000);
    }
    // 20 ms on a machine of its own, and up to 90 were seen on one that is busy with other tests.
    expect(Math.min(...times)).toBeLessThan(200);
  });

  it("never throw, whatever they are", () => {
    const key = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom(
        "email",
        "a",
        "ab",
        "name",
        "traits.email",
        "traits.tags.0",
        "traits.name.first",
        "traits.",
        "traits..",
        "traits.a.0.b",
      ),
      fc.constantFrom(
        "toString",
        "valueOf",
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "traits.__proto__.x",
        "traits.toString",
      ),
    );
    const value = fc.jsonValue({ maxDepth: 5, stringUnit: "binary" }) as fc.Arbitrary<JsonValue>;
    const traits = fc.dictionary(key, value, { maxKeys: 8 }) as fc.Arbitrary<JsonObject>;
    fc.assert(
      fc.property(traits, fc.option(traits, { nil: undefined }), (sent, before) => {
        expect(act(schema, sent, before)).toBeLessThanOrEqual(bounds.reported);
      }),
      { numRuns: 400, interruptAfterTimeLimit: 3_000 },
    );
  });
});

describe("what is found in traits", () => {
  it("is no more than a person may have", () => {
    const schema = schemas.addresses ?? person;
    const list = (length: number) => ({ a: Array.from({ length }, (_, at) => `m${at}@example.com`) });
    expect(validateTraits(schema, list(bounds.uses)).kind).toBe("valid");
    expect(validateTraits(schema, list(bounds.uses + 1))).toMatchObject({
      kind: "invalid",
      messages: [{ node: `traits.a.${bounds.uses}` }],
    });
  });

  it("is normalised and coerced without an exception", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(text, fc.jsonValue(), (value, json) => {
        expect(normaliseEmail(value).isWellFormed() || !value.isWellFormed()).toBe(true);
        expect(typeof normaliseIdentifier(value)).toBe("string");
        for (const shape of [undefined, ...person.traits.children.values()]) coerce(shape, json as JsonValue);
      }),
      { numRuns: 500, interruptAfterTimeLimit: 3_000 },
    );
  });
});
