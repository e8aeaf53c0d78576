import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { compileIdentitySchema } from "../../../src/schema/identity-schema.ts";
import { SchemaError } from "../../../src/schema/schema-error.ts";
import { validateTraits } from "../../../src/schema/validate.ts";
import { documentOf, person, schemaOf } from "./person.ts";

const compile = (json: JsonValue, id = "default", publicUrl = "http://127.0.0.1:4433/") =>
  compileIdentitySchema({ id, json, publicUrl });
const keyword = "ory.sh/kratos";

function refusal(json: JsonValue): string {
  try {
    compile(json);
  } catch (error) {
    expect(error).toBeInstanceOf(SchemaError);
    return error instanceof Error ? error.message : "";
  }
  throw new Error("the schema was taken");
}

function nested(levels: number): JsonObject {
  return levels === 0 ? { type: "string" } : { type: "object", properties: { a: nested(levels - 1) } };
}

/** Each definition holds the next one twice, so that following all references doubles at every step. */
function doubling(steps: number): JsonObject {
  const definitions: JsonObject = {};
  for (let at = 0; at < steps; at++) {
    const next = { $ref: `#/definitions/d${at + 1}` };
    definitions[`d${at}`] =
      at === steps - 1 ? { type: "string" } : { type: "object", properties: { a: next, b: next } };
  }
  return documentOf({ properties: { a: { $ref: "#/definitions/d0" } } }, { definitions });
}

describe("an identity schema", () => {
  it.each([
    ["default", "http://127.0.0.1:4433/schemas/default"],
    ["customer_v2.1~a", "http://127.0.0.1:4433/schemas/customer_v2.1~a"],
    ["a b", "http://127.0.0.1:4433/schemas/YSBi"],
    ["a/b", "http://127.0.0.1:4433/schemas/YS9i"],
    ["..", "http://127.0.0.1:4433/schemas/Li4"],
    ["ä", "http://127.0.0.1:4433/schemas/w6Q"],
  ])("with the id %j is found at %s", (id, url) => {
    expect(compile(documentOf({}), id).url).toBe(url);
    expect(compile(documentOf({}), id, "http://127.0.0.1:4433").url).toBe(url);
  });

  it("has its check compiled once for all servers of a process, which keeps sixteen", () => {
    const others = Array.from({ length: 16 }, (_, at) => documentOf({ title: `other ${at}` }));
    const { check } = compile(documentOf({ title: "shared" }));
    for (const other of others.slice(1)) compile(other);
    expect(compile(documentOf({ title: "shared" }), "another id").check).toBe(check);
    for (const other of others) compile(other);
    expect(compile(documentOf({ title: "shared" })).check).not.toBe(check);
  });

  it("lists its traits in the order of the document", () => {
    expect(person.orderedKeys).toEqual([
      "traits.email",
      "traits.name.first",
      "traits.name.last",
      "traits.age",
      "traits.newsletter",
      "traits.plan",
      "traits.tags",
      "traits.website",
    ]);
  });

  it("follows references inside the document, whatever `$id` says, and keeps the document as it was", () => {
    const definitions = { "a/b c": { type: "string", format: "email", title: "Mail" } };
    const document = documentOf(
      { $id: "#/properties/traits", properties: { email: { $ref: "#/definitions/a~1b%20c" } } },
      { $id: "https://example.com/s.json", definitions },
    );
    const before = structuredClone(document);
    const schema = compile(document);
    expect(schema.fields).toMatchObject([{ name: "traits.email", type: "email", title: "Mail" }]);
    expect(validateTraits(schema, { email: "no" }).kind).toBe("invalid");
    expect(schema.json).toEqual(before);
  });

  it("may keep the traits themselves elsewhere in the document", () => {
    const definitions = { traits: { type: "object", properties: { a: { type: "string" } } } };
    expect(compile({ properties: { traits: { $ref: "#/definitions/traits" } }, definitions }).orderedKeys).toEqual([
      "traits.a",
    ]);
  });

  it("follows references by the `$id` of the document, which are inside of it as well", () => {
    const schema = compile(
      documentOf(
        { properties: { a: { $ref: "https://example.com/s.json#/definitions/a" } }, additionalProperties: false },
        { $id: "https://example.com/s.json#", definitions: { a: { type: "string", title: "A", maxLength: 2 } } },
      ),
    );
    expect(schema.fields).toMatchObject([{ name: "traits.a", title: "A" }]);
    expect(schema.check({ traits: { a: "ab" } })).toBe(true);
    expect(schema.check({ traits: { a: "abc" } })).toBe(false);
    for (const $ref of ["https://example.com/s.json.evil#/definitions/a", "https://example.com/s#/definitions/a"])
      expect(() => compile(documentOf({ properties: { a: { $ref } } }, { $id: "https://example.com/s.json" }))).toThrow(
        "only references within the document",
      );
  });

  it("does not take a property, an enumeration or an example for a reference", () => {
    const schema = schemaOf({
      properties: {
        $ref: { type: "string" },
        kind: { type: "string", enum: ["a"], examples: [{ $ref: "file:///etc/passwd" }], default: { pattern: "(?=" } },
      },
    });
    expect(schema.orderedKeys).toEqual(["traits.$ref", "traits.kind"]);
  });

  it.each([
    ["an array", [], "#: must be a JSON object"],
    ["no traits", { type: "object" }, "#/properties/traits"],
    ["traits that are no object", { properties: { traits: { type: "string" } } }, "#/properties/traits"],
    ["another draft", documentOf({}, { $schema: "https://json-schema.org/draft/2020-12/schema" }), "#/$schema"],
    [
      "a keyword of the wrong type",
      documentOf({ properties: { a: { type: "string", minLength: "3" } } }),
      "#/properties/traits/properties/a/minLength",
    ],
    ["an unknown type", documentOf({ properties: { a: { type: "text" } } }), "#/properties/traits/properties/a/type"],
    [
      "a remote reference",
      documentOf({ properties: { a: { $ref: "https://example.com/a.json" } } }),
      "#/properties/traits/properties/a/$ref",
    ],
    [
      "a file reference",
      documentOf({ properties: { a: { $ref: "file:///etc/passwd" } } }),
      "#/properties/traits/properties/a/$ref",
    ],
    [
      "a relative reference",
      documentOf({ properties: { a: { $ref: "other.json#/a" } } }),
      "#/properties/traits/properties/a/$ref",
    ],
    [
      "a reference to nowhere",
      documentOf({ properties: { a: { $ref: "#/definitions/none" } } }),
      "#/properties/traits/properties/a/$ref",
    ],
    [
      "a reference into a prototype",
      documentOf({ properties: { a: { $ref: "#/constructor" } } }),
      "#/properties/traits/properties/a/$ref",
    ],
    [
      "a reference deep inside",
      documentOf({ properties: { a: { allOf: [{ if: {}, else: { not: { $ref: "http://x" } } }] } } }),
      "a/allOf/0/else/not/$ref",
    ],
    [
      "a reference to itself",
      documentOf({ properties: { a: { $ref: "#/properties/traits" } } }),
      "#/properties/traits: refers to itself",
    ],
    ["a reference to all of it", documentOf({ properties: { a: { $ref: "#" } } }), "#: refers to itself"],
    [
      "references in a circle",
      documentOf(
        { properties: { a: { $ref: "#/definitions/a" } } },
        { definitions: { a: { allOf: [{ $ref: "#/definitions/b" }] }, b: { items: { $ref: "#/definitions/a" } } } },
      ),
      "refers to itself",
    ],
    ["references that multiply", doubling(14), "unfold to more than"],
    ["too many levels", documentOf({ properties: { a: nested(40) } }), "nested more than 32 levels"],
    [
      "too deep a value",
      documentOf({ properties: { a: { enum: [JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`)] } } }),
      "nested more than 128 levels",
    ],
    ["too large a document", documentOf({ description: "x".repeat(1024 * 1024) }), "larger than 1048576 bytes"],
    [
      "a lookahead",
      documentOf({ properties: { a: { type: "string", pattern: "^(?=.*\\d).+$" } } }),
      "#/properties/traits/properties/a/pattern",
    ],
    ["a back reference", documentOf({ properties: { a: { type: "string", pattern: "(a)\\1" } } }), "linear time"],
    [
      "a pattern that is none",
      documentOf({ patternProperties: { "(": {} } }),
      "#/properties/traits/patternProperties/(",
    ],
    [
      "a pattern that explodes",
      documentOf({ properties: { a: { type: "string", pattern: "((a{1000}){1000}){1000}" } } }),
      "a/pattern",
    ],
    [
      "a name that acts on objects",
      documentOf({ properties: JSON.parse('{"__proto__": {"type": "string"}}') }),
      "no trait may have this name",
    ],
    [
      "an unknown member of the extension",
      documentOf({ properties: { a: { type: "string", [keyword]: { verify: {} } } } }),
      'a/ory.sh~1kratos: must NOT have additional properties: "verify"',
    ],
    [
      "an unknown way of the extension",
      documentOf({ properties: { a: { type: "string", [keyword]: { recovery: { via: "pigeon" } } } } }),
      "a/ory.sh~1kratos/recovery/via",
    ],
  ])("is refused for %s, and the place is named", (_, json, expected) => {
    const message = refusal(json as JsonValue);
    expect(message).toContain('identity schema "default": ');
    expect(message).toContain(expected);
  });

  it("runs patterns in time linear in the input", () => {
    const schema = schemaOf({
      properties: { a: { type: "string", pattern: "^(a+)+$" }, b: { type: "string", pattern: "^(a|aa)*$" } },
      patternProperties: { "^(x+x+)+y$": { type: "string" } },
    });
    const long = `${"a".repeat(50_000)}!`;
    expect(validateTraits(schema, { a: long, b: long, [`${"x".repeat(1000)}z`]: "" })).toMatchObject({
      kind: "invalid",
      messages: [
        { node: "traits.a", text: { id: 4000004 } },
        { node: "traits.b", text: { id: 4000004 } },
      ],
    });
    expect(validateTraits(schema, { a: "aaa" }).kind).toBe("valid");
  });

  it("keeps patterns apart", () => {
    const schema = schemaOf({
      properties: { a: { type: "string", pattern: "^a$" }, b: { type: "string", pattern: "^b$" } },
    });
    expect(validateTraits(schema, { a: "a", b: "b" }).kind).toBe("valid");
    expect(validateTraits(schema, { a: "b", b: "a" }).kind).toBe("invalid");
  });
});
