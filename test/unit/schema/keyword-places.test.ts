import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { validateTraits } from "../../../src/schema/validate.ts";
import { schemaOf } from "./person.ts";

const keyword = "ory.sh/kratos";
const mail: JsonObject = {
  type: "string",
  format: "email",
  [keyword]: {
    credentials: { password: { identifier: true } },
    recovery: { via: "email" },
    verification: { via: "email" },
  },
};

/* A schema says what a value is for wherever it says what the value must be. */

describe("the keyword is honoured", () => {
  it.each<[string, JsonObject, JsonObject, readonly string[]]>([
    [
      "for the first entries of a list",
      { properties: { e: { type: "array", items: [mail, { type: "string" }] } } },
      { e: ["a@x.org", "b@x.org"] },
      ["a@x.org"],
    ],
    [
      "for the entries after those",
      { properties: { e: { items: [{ type: "string" }], additionalItems: mail } } },
      { e: ["no", "b@x.org", "c@x.org"] },
      ["b@x.org", "c@x.org"],
    ],
    [
      "for names of a pattern",
      { patternProperties: { "^mail_": mail } },
      { mail_home: "a@x.org", other: "b@x.org" },
      ["a@x.org"],
    ],
    [
      "for all other names",
      { properties: { a: { type: "string" } }, additionalProperties: mail },
      { a: "no@x.org", b: "b@x.org" },
      ["b@x.org"],
    ],
    [
      "for all other names, and not for those of a pattern",
      { patternProperties: { "^a": {} }, additionalProperties: mail },
      { a: "no@x.org", b: "b@x.org" },
      ["b@x.org"],
    ],
    [
      "where another trait is there",
      { properties: { a: { type: "string" } }, dependencies: { a: { properties: { b: mail } } } },
      { a: "x", b: "b@x.org" },
      ["b@x.org"],
    ],
    [
      "behind a reference",
      { properties: { e: { items: [{ $ref: "#/definitions/mail" }] } } },
      { e: ["a@x.org"] },
      ["a@x.org"],
    ],
    [
      "inside what is open",
      { additionalProperties: { type: "array", items: [{ additionalProperties: mail }] } },
      { x: [{ y: "a@x.org" }] },
      ["a@x.org"],
    ],
    [
      "by name and by pattern at once, each value once",
      { properties: { a: mail }, patternProperties: { "^a": mail } },
      { a: "A@x.org" },
      ["a@x.org"],
    ],
  ])("%s", (_, traits, values, addresses) => {
    const schema = schemaOf(traits, { definitions: { mail } });
    const verdict = validateTraits(schema, values);
    expect(verdict).toMatchObject({ kind: "valid", identifiers: { password: addresses } });
    expect(verdict).toMatchObject({ recovery: addresses.map((value) => ({ via: "email", value })) });
    expect(verdict).toMatchObject({ verifiable: addresses.map((value) => ({ via: "email", value })) });
  });

  it("for traits that the document describes in parts", () => {
    const schema = schemaOf({}, { allOf: [{ properties: { traits: { properties: { a: mail } } } }] });
    expect(validateTraits(schema, { a: "a@x.org" })).toMatchObject({ identifiers: { password: ["a@x.org"] } });
  });

  it("with a fault at the entry that is none", () => {
    const plain: JsonObject = { type: "string", [keyword]: { recovery: { via: "email" } } };
    const schema = schemaOf({ properties: { e: { items: [plain, plain] } } });
    expect(validateTraits(schema, { e: ["a@x.org", "none"] })).toMatchObject({ messages: [{ node: "traits.e.1" }] });
  });
});

describe("the keyword is refused at start, by its place,", () => {
  it.each<[string, JsonObject, string]>([
    [
      "where a value must not fit",
      { properties: { a: { not: mail } } },
      "#/properties/traits/properties/a/not/ory.sh~1kratos",
    ],
    ["for some entry or other", { contains: mail }, "#/properties/traits/contains/ory.sh~1kratos"],
    ["for names", { propertyNames: mail }, "#/properties/traits/propertyNames/ory.sh~1kratos"],
    [
      "behind a reference from there",
      { propertyNames: { $ref: "#/definitions/mail" } },
      "#/definitions/mail/ory.sh~1kratos",
    ],
    [
      "in a keyword of a later draft",
      { properties: { e: { prefixItems: [mail] } } },
      "#/properties/traits/properties/e/prefixItems",
    ],
    [
      "in another one",
      { dependentSchemas: { a: { properties: { b: mail } } } },
      "#/properties/traits/dependentSchemas",
    ],
    [
      "in one that is made up",
      { properties: { e: { ofMine: { deep: [mail] } } } },
      "#/properties/traits/properties/e/ofMine",
    ],
  ])("%s", (_, traits, place) => {
    expect(() => schemaOf(traits, { definitions: { mail } })).toThrow(`${place}: `);
  });

  it("and not where it is data, or a trait's own name", () => {
    expect(() =>
      schemaOf({ properties: { a: { default: mail, examples: [mail], enum: [mail] }, [keyword]: { type: "string" } } }),
    ).not.toThrow();
  });
});
