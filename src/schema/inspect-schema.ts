import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { forbiddenNames } from "../lib/forbidden-names.ts";
import { isObject } from "../lib/json-object.ts";
import { bounds } from "./bounds.ts";
import { extensionFault, extensionKeyword } from "./extension.ts";
import { compilePattern } from "./pattern.ts";
import { SchemaError } from "./schema-error.ts";
import { localReference, pointer, resolveReference, subschemas } from "./subschemas.ts";

const drafts = /^https?:\/\/json-schema\.org\/(?:draft-0[67]\/)?schema#?$/;

function mustBeShallow(id: string, document: JsonValue): void {
  let level: readonly JsonValue[] = [document];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > bounds.schemaJsonDepth)
      throw new SchemaError(id, "#", `is nested more than ${bounds.schemaJsonDepth} levels deep`);
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
}

function mustHaveRunnablePatterns(id: string, path: string, schema: JsonObject): void {
  const patterns = [
    ...(typeof schema.pattern === "string" ? [[pointer(path, ["pattern"]), schema.pattern] as const] : []),
    ...(isObject(schema.patternProperties)
      ? Object.keys(schema.patternProperties).map((name) => [pointer(path, ["patternProperties", name]), name] as const)
      : []),
  ];
  for (const [place, pattern] of patterns) {
    try {
      compilePattern(pattern);
    } catch (cause) {
      throw new SchemaError(
        id,
        place,
        `the pattern cannot be run in linear time (RE2): ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    }
  }
}

function mustHaveSoundMembers(id: string, path: string, schema: JsonObject): void {
  mustHaveRunnablePatterns(id, path, schema);
  if (Object.hasOwn(schema, extensionKeyword)) {
    const fault = extensionFault(schema[extensionKeyword]);
    if (fault !== undefined) throw new SchemaError(id, pointer(path, [extensionKeyword]) + fault.path, fault.problem);
  }
  for (const name of isObject(schema.properties) ? Object.keys(schema.properties) : []) {
    if (forbiddenNames.has(name))
      throw new SchemaError(id, pointer(path, ["properties", name]), "no trait may have this name");
  }
}

/**
 * Where draft-07 has schemas that say nothing about a certain value: of what must not be, of names, of some entry or
 * other.
 */
const notOfTheValue: ReadonlySet<string> = new Set(["not", "propertyNames", "contains"]);

/** Members of a schema that are data, whatever they look like. */
const data: ReadonlySet<string> = new Set(["const", "default", "enum", "examples", extensionKeyword]);

/** Our keyword is read wherever a schema validates a value; anywhere else it would be passed over in silence. */
function mustBeReadKeywords(id: string, path: string, schema: JsonObject, unread: string | undefined): void {
  if (unread !== undefined && Object.hasOwn(schema, extensionKeyword)) {
    throw new SchemaError(id, pointer(path, [extensionKeyword]), `has no effect inside ${JSON.stringify(unread)}`);
  }
  const known = new Set(subschemas(schema).map(({ keyword }) => keyword));
  for (const [keyword, value] of Object.entries(schema)) {
    if (known.has(keyword) || data.has(keyword) || !holdsKeyword(value ?? null)) continue;
    throw new SchemaError(
      id,
      pointer(path, [keyword]),
      `has ${JSON.stringify(extensionKeyword)} inside, which has no effect there: ${JSON.stringify(keyword)} is ` +
        "no keyword of draft-07 that validates a value",
    );
  }
}

/** The document is known to be shallow. */
function holdsKeyword(value: JsonValue): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (!Array.isArray(value) && Object.hasOwn(value, extensionKeyword)) return true;
  return Object.values(value).some((inner) => holdsKeyword(inner ?? null));
}

/** Where a `$ref` leads. */
function mustResolve(
  id: string,
  path: string,
  root: JsonObject,
  reference: JsonValue,
): { readonly path: string; readonly schema: JsonValue } {
  const place = pointer(path, ["$ref"]);
  const local = typeof reference === "string" ? localReference(root, reference) : "";
  if (!/^#(?:\/|$)/.test(local)) {
    throw new SchemaError(
      id,
      place,
      `only references within the document ("#/…") are followed, not ${JSON.stringify(reference)}`,
    );
  }
  const target = resolveReference(root, local);
  if (target === undefined) throw new SchemaError(id, place, `${JSON.stringify(reference)} leads nowhere`);
  return target;
}

/**
 * Checks what a schema document asks of the server before anything is compiled:
 * its size, depth and kind, that references stay inside and end somewhere, that
 * patterns can be run, that our own keyword is well formed.
 *
 * @throws SchemaError that names the place
 */
export function inspectSchema(id: string, root: JsonObject): void {
  mustBeShallow(id, root);
  if (Buffer.byteLength(JSON.stringify(root)) > bounds.schemaBytes)
    throw new SchemaError(id, "#", `is larger than ${bounds.schemaBytes} bytes`);
  if (root.$schema !== undefined && !(typeof root.$schema === "string" && drafts.test(root.$schema))) {
    throw new SchemaError(id, "#/$schema", "only JSON Schema draft-07 is understood");
  }

  let visited = 0;
  const open = new Set<string>();
  const visit = (schema: JsonValue, path: string, depth: number, unread: string | undefined): void => {
    if (!isObject(schema)) return;
    if (open.has(path)) throw new SchemaError(id, path, "refers to itself, directly or through others");
    visited++;
    if (visited > bounds.schemaNodes)
      throw new SchemaError(id, path, `references unfold to more than ${bounds.schemaNodes} schemas`);
    if (depth > bounds.schemaDepth)
      throw new SchemaError(id, path, `schemas are nested more than ${bounds.schemaDepth} levels deep`);
    mustHaveSoundMembers(id, path, schema);
    mustBeReadKeywords(id, path, schema, unread);
    open.add(path);
    if (Object.hasOwn(schema, "$ref")) {
      const target = mustResolve(id, path, root, schema.$ref ?? null);
      visit(target.schema, target.path, depth + 1, unread);
    }
    for (const inner of subschemas(schema)) {
      const from = notOfTheValue.has(inner.keyword) ? inner.keyword : unread;
      visit(inner.schema, pointer(path, inner.steps), depth + 1, from);
    }
    open.delete(path);
  };
  visit(root, "#", 0, undefined);
}
