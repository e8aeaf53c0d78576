import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { isObject } from "../lib/json-object.ts";

/** A schema inside another, with the steps from the outer to it. */
export interface Subschema {
  readonly keyword: string;
  readonly steps: readonly string[];
  readonly schema: JsonValue;
}

const single = new Set([
  "items",
  "additionalItems",
  "additionalProperties",
  "contains",
  "propertyNames",
  "not",
  "if",
  "then",
  "else",
]);
const lists = new Set(["items", "allOf", "anyOf", "oneOf"]);
const maps = new Set(["properties", "patternProperties", "definitions", "$defs", "dependencies"]);

function inside(keyword: string, value: JsonValue): readonly Subschema[] {
  if (Array.isArray(value))
    return lists.has(keyword) ? value.map((schema, at) => ({ keyword, steps: [keyword, String(at)], schema })) : [];
  if (maps.has(keyword) && isObject(value)) {
    // A dependency may be a list of names instead.
    return Object.entries(value).flatMap(([name, schema]) =>
      Array.isArray(schema) ? [] : { keyword, steps: [keyword, name], schema },
    );
  }
  return single.has(keyword) ? [{ keyword, steps: [keyword], schema: value }] : [];
}

/**
 * Names the schemas directly inside a schema, in the order of the document. It
 * knows where draft-07 has schemas, so that `properties: { "$ref": … }` is a
 * property of that name and an enumeration may hold anything.
 */
export const subschemas = (schema: JsonObject): readonly Subschema[] =>
  Object.entries(schema).flatMap(([keyword, value]) => inside(keyword, value));

const escaped = (step: string): string => step.replaceAll("~", "~0").replaceAll("/", "~1");

/** Writes a JSON pointer as a fragment: `#/properties/traits`. */
export const pointer = (base: string, steps: readonly string[]): string =>
  steps.reduce((path, step) => `${path}/${escaped(step)}`, base);

/** A reference without the document's own `$id`, by which it may name itself. */
export function localReference({ $id }: JsonObject, reference: string): string {
  const own = typeof $id === "string" ? $id.replace(/#$/, "") : "";
  const isOwn = own !== "" && (reference === own || reference.startsWith(`${own}#`));
  return isOwn ? reference.slice(own.length) || "#" : reference;
}

/**
 * What a local reference (`#/definitions/name`) leads to, with its pointer in
 * one spelling; undefined if it leads nowhere or out of the document.
 */
export function resolveReference(
  root: JsonObject,
  reference: string,
): { readonly path: string; readonly schema: JsonValue } | undefined {
  if (reference !== "#" && !reference.startsWith("#/")) return undefined;
  let steps: string[];
  try {
    steps = reference
      .slice(2)
      .split("/")
      .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
  } catch {
    return undefined;
  }
  if (reference === "#") return { path: "#", schema: root };
  let schema: JsonValue | undefined = root;
  for (const step of steps) {
    if (typeof schema !== "object" || schema === null || !Object.hasOwn(schema, step)) return undefined;
    schema = (schema as JsonObject)[step];
  }
  return schema === undefined ? undefined : { path: pointer("#", steps), schema };
}
