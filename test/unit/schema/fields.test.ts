import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { schemaOf } from "./person.ts";

const keyword = "ory.sh/kratos";
const fieldOf = (trait: Parameters<typeof schemaOf>[0]) => schemaOf({ properties: { a: trait } }).fields[0];

describe("the input element of a trait", () => {
  it.each<[string, JsonObject, string]>([
    ["text", { type: "string" }, "text"],
    ["a number", { type: "number" }, "number"],
    ["an integer", { type: "integer" }, "number"],
    ["a boolean", { type: "boolean" }, "checkbox"],
    ["a constant", { const: "x" }, "text"],
    ["a list of text", { type: "array", items: { type: "string" } }, "text"],
    ["a list of anything", { type: "array" }, "text"],
    ["a time", { type: "string", format: "date-time" }, "datetime-local"],
    ["a date", { type: "string", format: "date" }, "date"],
    ["an e-mail address", { type: "string", format: "email" }, "email"],
    ["a phone number", { type: "string", format: "tel" }, "tel"],
    ["a web address", { type: "string", format: "uri" }, "url"],
    ["an expression", { type: "string", format: "regex" }, "text"],
    ["a format that is named like a member of all objects", { type: "string", format: "constructor" }, "text"],
    ["a choice of types with a default", { type: ["string", "null"], default: "x" }, "text"],
    [
      "one type, by the first branch",
      {
        anyOf: [
          { type: "string", format: "email" },
          { type: "string", format: "tel" },
        ],
      },
      "email",
    ],
  ])("of %s has its type", (_, trait, type) => {
    expect(fieldOf(trait)?.type).toBe(type);
  });

  it.each([
    ["a list of objects", { type: "array", items: { type: "object" } }],
    ["a choice of two types", { type: ["string", "null"] }],
    ["a choice of three types", { type: ["string", "number", "null"], default: "x" }],
    ["an object without properties", { type: "object" }],
    ["anything", {}],
  ])("does not exist for %s", (_, trait) => {
    expect(fieldOf(trait)).toBeUndefined();
  });

  it.each([
    ["email", "email"],
    ["tel", "tel"],
    ["uri", "url"],
    ["date", undefined],
  ])("of the format %s is completed as %s", (format, autocomplete) => {
    expect(fieldOf({ type: "string", format })?.autocomplete).toBe(autocomplete);
  });

  it("shows title, pattern and options, of which there are at most 500", () => {
    const options = Array.from({ length: 600 }, (_, at) => at);
    expect(fieldOf({ type: "integer", title: "A", enum: options })).toMatchObject({
      title: "A",
      options: options.slice(0, 500),
    });
    expect(fieldOf({ type: "string", pattern: "^a" })).toMatchObject({
      pattern: "^a",
      options: undefined,
      title: undefined,
    });
  });

  it("is required when the object right around it says so, and not when a condition does", () => {
    const schema = schemaOf({
      properties: {
        a: { type: "string" },
        b: { type: "object", properties: { a: { type: "string" }, c: { type: "string" } }, required: ["c"] },
        d: { type: "string" },
      },
      required: ["a"],
      anyOf: [{ required: ["d"] }],
      allOf: [{ properties: { e: { type: "string" } }, required: ["e"] }],
    });
    expect(schema.fields.filter((field) => field.required).map((field) => field.name)).toEqual([
      "traits.a",
      "traits.b.c",
      "traits.e",
    ]);
  });

  it("escapes a dot in the name of a property", () => {
    expect(
      schemaOf({ properties: { "a.b": { type: "object", properties: { c: { type: "string" } } } } }).fields[0]?.name,
    ).toBe("traits.a\\.b.c");
  });

  it("exists for properties of every branch, once each, in the order of the document", () => {
    const schema = schemaOf({
      allOf: [{ properties: { first: { type: "string" } } }],
      properties: { second: { type: "string" } },
      if: { properties: { second: { const: "x" } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { properties: { third: { type: "number" } } },
      else: { properties: { fourth: { type: "boolean" } } },
    });
    expect(schema.fields.map((field) => field.name)).toEqual([
      "traits.first",
      "traits.second",
      "traits.third",
      "traits.fourth",
    ]);
  });

  it("knows the ways of signing in that it is for", () => {
    const trait = {
      type: "string",
      [keyword]: {
        credentials: {
          password: { identifier: true },
          code: { identifier: true, via: "email" },
          webauthn: { identifier: false },
        },
      },
    };
    expect(fieldOf(trait)?.identifies).toEqual(["password", "code"]);
    expect(fieldOf({ type: "array", items: trait })?.identifies).toEqual(["password", "code"]);
  });
});
