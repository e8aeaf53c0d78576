import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { Ajv, type ValidateFunction } from "ajv";
import { isObject } from "../lib/json-object.ts";
import { addEqualityKeywords } from "./equality-keywords.ts";
import { leafShapes, type TraitField, traitFields } from "./fields.ts";
import { formats } from "./formats.ts";
import { inspectSchema } from "./inspect-schema.ts";
import { patternEngine } from "./pattern.ts";
import { SchemaError } from "./schema-error.ts";
import { localReference, subschemas } from "./subschemas.ts";
import { readTraitShape, type TraitShape } from "./trait-shape.ts";

/*
 * Identity schemas: this folder owns what a schema means. sources.ts loads and
 * compiles them at start; form.ts reads what a person sent by them; validate.ts
 * judges traits and finds identifiers and addresses in them; nodes.ts renders
 * them as input elements. It stores nothing, and knows no flow and no method.
 */

/** A schema that is ready for use. Immutable; one for the life of the server. */
export interface IdentitySchema {
  readonly id: string;
  /** Where anyone can read it: `schema_url` of an identity. */
  readonly url: string;
  /** Whether people may choose it for themselves when signing up. */
  readonly selectable: boolean;
  /** The document as it was configured. */
  readonly json: JsonObject;
  /** What it says of each place in the traits. */
  readonly traits: TraitShape;
  /** The input elements, in order. */
  readonly fields: readonly TraitField[];
  /** The names of all traits in order, for sorting a form. */
  readonly orderedKeys: readonly string[];
  /** Checks `{ traits }`; the faults are on the function afterwards, as ajv does it. */
  readonly check: ValidateFunction;
}

/** What a schema is compiled from. */
export interface SchemaDocument {
  readonly id: string;
  readonly json: JsonValue;
  /** Public base URL of the server. */
  readonly publicUrl: string;
  readonly selectable?: boolean;
}

// `strict` would refuse keywords that mean nothing to ajv, among them ours; what counts of those is inspected before.
const ajv = new Ajv({
  strict: false,
  allErrors: true,
  verbose: true,
  ownProperties: true,
  addUsedSchema: false,
  logger: false,
  formats,
  code: { regExp: patternEngine },
});
addEqualityKeywords(ajv);

/** The checks of these documents, by their texts: the servers of a process have the same, and so has a new start. */
const checks = new Map<string, ValidateFunction>();
const mostChecks = 16;

/** @throws Error for a document that is no schema; `ajv.errors` says why */
const compileCheck = (document: JsonObject): ValidateFunction => {
  const text = JSON.stringify(document);
  const check = checks.get(text) ?? ajv.compile(document);
  checks.delete(text);
  checks.set(text, check);
  const [oldest] = checks;
  if (checks.size > mostChecks && oldest !== undefined) {
    checks.delete(oldest[0]);
    ajv.removeSchema(oldest[1].schema);
  }
  return check;
};

/** A copy without identifiers: references become pointers, so an `$id` could only mislead them. */
function anonymous(document: JsonObject): JsonObject {
  const copy = structuredClone(document);
  const strip = (schema: JsonValue): void => {
    if (!isObject(schema)) return;
    if (typeof schema.$ref === "string") schema.$ref = localReference(document, schema.$ref);
    delete schema.$id;
    delete schema.$schema;
    for (const inner of subschemas(schema)) strip(inner.schema);
  };
  strip(copy);
  return copy;
}

/** The address of a schema: its id as it is when a path can hold it, otherwise in unpadded base64url. */
export const schemaUrl = (publicUrl: string, id: string): string => {
  const name = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/.test(id) ? id : Buffer.from(id).toString("base64url");
  return `${publicUrl.replace(/\/+$/, "")}/schemas/${name}`;
};

/**
 * Compiles a schema document.
 *
 * @throws SchemaError, naming the place, for one that is malformed or asks for more than the server gives: references
 * that leave it or never end, patterns that cannot be run in linear time, a size or depth beyond the bounds
 */
export function compileIdentitySchema({ id, json, publicUrl, selectable = false }: SchemaDocument): IdentitySchema {
  if (!isObject(json)) throw new SchemaError(id, "#", "must be a JSON object");
  inspectSchema(id, json);
  const document = anonymous(json);
  const traits = readTraitShape(document);
  if (traits.types.length !== 1 || traits.types[0] !== "object")
    throw new SchemaError(id, "#/properties/traits", 'must be a schema of type "object"');
  let check: ValidateFunction;
  try {
    check = compileCheck(document);
  } catch (cause) {
    const [fault] = ajv.errors ?? [];
    throw new SchemaError(
      id,
      `#${fault?.instancePath ?? ""}`,
      fault?.message ?? (cause instanceof Error ? cause.message : String(cause)),
    );
  }
  return {
    id,
    url: schemaUrl(publicUrl, id),
    selectable,
    json,
    traits,
    fields: traitFields(traits),
    orderedKeys: leafShapes(traits).map((leaf) => leaf.name),
    check,
  };
}
