import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { IdentitySchema } from "../../../src/schema/identity-schema.ts";
import { validateTraits } from "../../../src/schema/validate.ts";
import { person, schemaOf } from "./person.ts";

const keyword = "ory.sh/kratos";

/** What is said of traits: element, message id and context of each text. */
function said(
  schema: IdentitySchema,
  traits: JsonObject,
): readonly (readonly [string, number, JsonValue | undefined])[] {
  const verdict = validateTraits(schema, traits);
  return verdict.kind === "valid"
    ? []
    : verdict.messages.map(({ node, text }) => [node, text.id, text.context] as const);
}

const reason = expect.objectContaining({ reason: expect.any(String) });
const one = (trait: JsonObject) => schemaOf({ properties: { a: trait } });

describe("the verdict on traits", () => {
  it.each<[string, JsonObject, readonly (readonly [string, number, JsonValue])[]]>([
    ["a required trait that is missing", { name: {} }, [["traits.email", 4000002, { property: "email" }]]],
    [
      "an address that is none, as the seed words it",
      { email: "notanemail" },
      [["traits.email", 4000001, { reason: '"notanemail" isn\'t valid "email"' }]],
    ],
    [
      "an address that is none and too short",
      { email: "x" },
      [
        ["traits.email", 4000001, { reason: '"x" isn\'t valid "email"' }],
        ["traits.email", 4000003, { min_length: 3, actual_length: 1 }],
      ],
    ],
    ["a number below the minimum", { email: "a@b.c", age: 17 }, [["traits.age", 4000018, { minimum: 18, actual: 17 }]]],
    [
      "text for a number",
      { email: "a@b.c", age: "many" },
      [["traits.age", 4000026, { allowed_types: ["integer"], actual_type: "string" }]],
    ],
    [
      "a fraction for an integer",
      { email: "a@b.c", age: 18.5 },
      [["traits.age", 4000026, { allowed_types: ["integer"], actual_type: "number" }]],
    ],
    [
      "text for a boolean",
      { email: "a@b.c", newsletter: "on" },
      [["traits.newsletter", 4000026, { allowed_types: ["boolean"], actual_type: "string" }]],
    ],
    ["what is not in the enumeration", { email: "a@b.c", plan: "gold" }, [["traits.plan", 4000001, reason]]],
    [
      "a wrong type in an enumeration, once",
      { email: "a@b.c", plan: 5 },
      [["traits.plan", 4000026, { allowed_types: ["string"], actual_type: "number" }]],
    ],
    [
      "text that is too long",
      { email: "a@b.c", name: { first: "x".repeat(41) } },
      [["traits.name.first", 4000017, { max_length: 40, actual_length: 41 }]],
    ],
    ["a web address that is none", { email: "a@b.c", website: "no uri" }, [["traits.website", 4000001, reason]]],
    ["an unknown trait, by its own name", { email: "a@b.c", admin: true }, [["traits.admin", 4000001, reason]]],
    ["null", { email: null }, [["traits.email", 4000026, { allowed_types: ["string"], actual_type: "null" }]]],
    [
      "an object where text is due",
      { email: { a: 1 } },
      [["traits.email", 4000026, { allowed_types: ["string"], actual_type: "object" }]],
    ],
    [
      "text where an object is due",
      { email: "a@b.c", name: "Ann" },
      [["traits.name", 4000026, { allowed_types: ["object"], actual_type: "string" }]],
    ],
    [
      "an entry of a list",
      { email: "a@b.c", tags: ["a", 1] },
      [["traits.tags.1", 4000026, { allowed_types: ["string"], actual_type: "number" }]],
    ],
    [
      "everything at once, in the order of the schema",
      { admin: 1, website: "no", plan: "gold", age: 3, name: { first: "x".repeat(41) } },
      [
        ["traits.email", 4000002, { property: "email" }],
        ["traits.name.first", 4000017, { max_length: 40, actual_length: 41 }],
        ["traits.age", 4000018, { minimum: 18, actual: 3 }],
        ["traits.plan", 4000001, reason],
        ["traits.website", 4000001, reason],
        ["traits.admin", 4000001, reason],
      ],
    ],
  ])("names %s", (_, traits, expected) => {
    expect(said(person, traits)).toEqual(expected);
  });

  it.each<[string, JsonObject, JsonValue, number, JsonValue]>([
    [
      "minLength, in code points",
      { type: "string", minLength: 3 },
      "😀😀",
      4000003,
      { min_length: 3, actual_length: 2 },
    ],
    ["maxLength", { type: "string", maxLength: 1 }, "😀😀", 4000017, { max_length: 1, actual_length: 2 }],
    ["pattern", { type: "string", pattern: "^a$" }, "b", 4000004, { pattern: "^a$" }],
    ["minimum", { type: "number", minimum: 1200 }, 1, 4000018, { minimum: 1200, actual: 1 }],
    ["exclusiveMinimum", { type: "number", exclusiveMinimum: 1 }, 1, 4000019, { minimum: 1, actual: 1 }],
    ["maximum", { type: "number", maximum: 1 }, 2, 4000020, { maximum: 1, actual: 2 }],
    ["exclusiveMaximum", { type: "number", exclusiveMaximum: 2 }, 2, 4000021, { maximum: 2, actual: 2 }],
    ["multipleOf", { type: "number", multipleOf: 5 }, 7, 4000022, { base: 5, actual: 7 }],
    ["maxItems", { type: "array", maxItems: 1 }, [1, 2], 4000023, { max_items: 1, actual_items: 2 }],
    ["minItems", { type: "array", minItems: 1 }, [], 4000024, { min_items: 1, actual_items: 0 }],
    ["uniqueItems", { type: "array", uniqueItems: true }, [1, 2, 1], 4000025, { index_a: 0, index_b: 2 }],
    [
      "type, of several",
      { type: ["string", "null"] },
      5,
      4000026,
      { allowed_types: ["string", "null"], actual_type: "number" },
    ],
    ["const", { const: "yes" }, "no", 4000029, { expected: "yes" }],
    ["format tel", { type: "string", format: "tel" }, "123", 4000041, { value: "123" }],
    [
      "format email_loose",
      { type: "string", format: "email_loose" },
      "x",
      4000001,
      { reason: '"x" isn\'t valid "email"' },
    ],
    ["not", { not: { const: 1 } }, 1, 4000001, reason],
    ["contains", { type: "array", contains: { const: 1 } }, [2], 4000029, { expected: 1 }],
    ["a schema that allows nothing", { oneOf: [{ type: "string" }, { minLength: 0 }] }, "x", 4000001, reason],
  ])("translates %s", (_, trait, value, id, context) => {
    const [first] = said(one(trait), { a: value });
    expect(first?.slice(1)).toEqual([id, context]);
  });

  it("has no context for a constant that is no scalar", () => {
    expect(said(one({ const: { a: 1 } }), { a: 1 })).toEqual([["traits.a", 4000030, undefined]]);
  });

  it("tells what is wrong inside a choice, not that the choice failed", () => {
    const choice = one({
      anyOf: [
        { type: "string", format: "email" },
        { type: "string", minLength: 5 },
      ],
    });
    expect(said(choice, { a: "x" }).map(([node, id]) => [node, id])).toEqual([
      ["traits.a", 4000001],
      ["traits.a", 4000003],
    ]);
    const either = schemaOf({
      properties: { email: { type: "string" }, phone: { type: "string" } },
      anyOf: [{ required: ["email"] }, { required: ["phone"] }],
    });
    expect(said(either, {})).toEqual([
      ["traits.email", 4000002, { property: "email" }],
      ["traits.phone", 4000002, { property: "phone" }],
    ]);
  });

  it("puts a dependency and a name that is not allowed on the trait in question", () => {
    const schema = schemaOf({
      properties: { a: { type: "string" }, b: { type: "string" } },
      dependencies: { a: ["b"] },
      propertyNames: { maxLength: 3 },
    });
    expect(said(schema, { a: "x" })).toEqual([["traits.b", 4000002, { property: "b" }]]);
    expect(said(schema, { long_name: "x" })).toEqual([
      ["traits.long_name", 4000017, { max_length: 3, actual_length: 9 }],
    ]);
  });

  it("compares values whatever their members are called", () => {
    const strange = JSON.parse('{ "toString": 1, "valueOf": { "hasOwnProperty": 2 } }') as JsonObject;
    const equal = schemaOf({ properties: { a: { const: strange }, b: { enum: [strange] }, c: { uniqueItems: true } } });
    expect(said(equal, { a: strange, b: strange, c: [strange] })).toEqual([]);
    const swapped = JSON.parse('{ "valueOf": { "hasOwnProperty": 2 }, "toString": 1 }') as JsonObject;
    expect(said(equal, { a: swapped, b: swapped, c: [strange, 1, swapped] })).toEqual([
      ["traits.c", 4000025, { index_a: 0, index_b: 2 }],
    ]);
    expect(said(equal, { a: {}, b: { ...strange, x: 1 } }).map(([node, id]) => [node, id])).toEqual([
      ["traits.a", 4000030],
      ["traits.b", 4000001],
    ]);
  });

  it("looks at own members only", () => {
    const schema = schemaOf({
      properties: { toString: { type: "string" }, valueOf: { type: "string" } },
      required: ["toString"],
    });
    expect(said(schema, {})).toEqual([["traits.toString", 4000002, { property: "toString" }]]);
    expect(said(schema, { toString: "x" })).toEqual([]);
  });

  it.each(["__proto__", "constructor", "prototype"])(
    "refuses a trait named %s at any depth, in the most open schema",
    (name) => {
      const traits = JSON.parse(`{ "a": [{ "${name}": { "x": 1 } }] }`);
      expect(said(schemaOf({}), traits)).toEqual([[`traits.a.0.${name}`, 4000001, reason]]);
    },
  );

  it("bounds how much it looks at and how much it says", () => {
    const many = schemaOf({ additionalProperties: { type: "string" } });
    expect(said(many, { a: Array.from({ length: 20_000 }, () => 1) })).toEqual([["traits", 4000001, reason]]);
    expect(said(many, JSON.parse(`{"a":${"[".repeat(1000)}${"]".repeat(1000)}}`))).toEqual([
      ["traits", 4000001, reason],
    ]);
    expect(said(many, Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`t${at}`, at])))).toHaveLength(100);
    const [long] =
      validateTraits(person, { email: "x".repeat(100_000) }).kind === "invalid"
        ? said(person, { email: "x".repeat(100_000) })
        : [];
    expect(JSON.stringify(long).length).toBeLessThan(300);
  });
});

describe("what traits are good for", () => {
  const uses = (schema: IdentitySchema, traits: JsonObject) => validateTraits(schema, traits);

  it("gives identifiers and addresses, folded, and leaves the trait as it was written", () => {
    expect(uses(person, { email: "Ann@Example.COM", name: {} })).toEqual({
      kind: "valid",
      traits: { email: "Ann@Example.COM", name: {} },
      identifiers: { password: ["ann@example.com"], webauthn: ["ann@example.com"] },
      verifiable: [{ via: "email", value: "ann@example.com" }],
      recovery: [{ via: "email", value: "ann@example.com" }],
    });
  });

  it("takes every entry of a list, each value once, in order", () => {
    const mail = {
      type: "string",
      format: "email",
      [keyword]: { credentials: { password: { identifier: true } }, verification: { via: "email" } },
    };
    expect(
      uses(schemaOf({ properties: { emails: { type: "array", items: mail } } }), {
        emails: ["B@x.org", "a@x.org", "b@x.org"],
      }),
    ).toMatchObject({
      identifiers: { password: ["b@x.org", "a@x.org"] },
      verifiable: [
        { via: "email", value: "b@x.org" },
        { via: "email", value: "a@x.org" },
      ],
      recovery: [],
    });
  });

  it("writes phone numbers that are addresses in E.164, in the traits too", () => {
    const phone = {
      type: "string",
      format: "tel",
      [keyword]: {
        credentials: { code: { identifier: true, via: "sms" } },
        verification: { via: "sms" },
        recovery: { via: "sms" },
      },
    };
    const sent = { phones: ["+49 176 42000001"], other: { x: 1 } };
    expect(uses(schemaOf({ properties: { phones: { type: "array", items: phone } } }), sent)).toEqual({
      kind: "valid",
      traits: { phones: ["+4917642000001"], other: { x: 1 } },
      identifiers: { code: ["+4917642000001"] },
      verifiable: [{ via: "sms", value: "+4917642000001" }],
      recovery: [{ via: "sms", value: "+4917642000001" }],
    });
    expect(sent.phones).toEqual(["+49 176 42000001"]);
  });

  it.each([
    ["an e-mail address", { verification: { via: "email" } }, "x", 4000001],
    ["an e-mail address for recovery", { recovery: { via: "email" } }, "x", 4000001],
    ["an e-mail address to sign in with", { credentials: { code: { identifier: true, via: "email" } } }, "x", 4000001],
    ["a phone number", { verification: { via: "sms" } }, "123", 4000041],
  ])("holds a trait without a format to being %s", (_, extension, value, id) => {
    expect(
      said(one({ type: "string", [keyword]: extension }), { a: value }).map(([node, found]) => [node, found]),
    ).toEqual([["traits.a", id]]);
  });

  it("trusts another format, and only trims", () => {
    const schema = one({
      type: "string",
      format: "no-validate",
      [keyword]: { verification: { via: "email" }, recovery: { via: "email" } },
    });
    expect(uses(schema, { a: " Not.An-Address " })).toMatchObject({
      verifiable: [{ via: "email", value: "Not.An-Address" }],
      recovery: [{ via: "email", value: "Not.An-Address" }],
    });
  });

  it("takes the branch that fits where the schema leaves a choice", () => {
    const branch = (format: string, via: string) => ({
      format,
      [keyword]: { credentials: { password: { identifier: true } }, verification: { via } },
    });
    const schema = one({ type: "string", anyOf: [branch("email", "email"), branch("tel", "sms")] });
    expect(uses(schema, { a: "a@b.c" })).toMatchObject({
      identifiers: { password: ["a@b.c"] },
      verifiable: [{ via: "email", value: "a@b.c" }],
    });
    expect(uses(schema, { a: "+49 176 42000001" })).toMatchObject({
      identifiers: { password: ["+4917642000001"] },
      verifiable: [{ via: "sms", value: "+4917642000001" }],
    });
  });

  it("finds nothing where nothing is", () => {
    expect(uses(one({ type: "string", [keyword]: { credentials: { password: { identifier: true } } } }), {})).toEqual({
      kind: "valid",
      traits: {},
      identifiers: {},
      verifiable: [],
      recovery: [],
    });
  });
});
