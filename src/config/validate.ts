import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { Problem } from "./config-error.ts";
import { isUnsupported, refusedValue } from "./features.ts";
import { formats } from "./formats.ts";
import { meant, nearest } from "./nearest.ts";
import { childNode, configSchema, nodeAt, ownKeywords, resolveNode, type SchemaNode } from "./schema.ts";
import { isMap, type Path, printPath, type Raw, valueAt } from "./tree.ts";

/** A problem with the path still in parts, so that its line can be found. */
export interface Finding extends Omit<Problem, "path" | "where"> {
  readonly path: Path;
}

/** What schema.json says of a configuration. */
export interface Validated {
  /** Unknown keys, and wrong values where the server acts on them. */
  readonly mistakes: readonly Finding[];
  /** Unknown keys in maps that take any. */
  readonly ignored: readonly Finding[];
}

/** Holds a configuration against schema.json and finds all mistakes at once. */
export function validate(raw: Raw): Validated {
  const check = compiled();
  if (check(raw)) return { mistakes: [], ignored: [] };
  const findings = (check.errors ?? []).map((error) => describe(raw, error));
  const relevant = findings.filter(({ path, unknown }) => unknown !== undefined || !isUnsupported(path));
  const distinct = [
    ...new Map(relevant.map((finding) => [`${printPath(finding.path)} ${finding.message}`, finding])).values(),
  ];
  const finding = ({ path, message }: Finding): Finding => ({ path, message });
  return {
    mistakes: distinct.filter(({ unknown }) => unknown !== "ignored").map(finding),
    ignored: distinct.filter(({ unknown }) => unknown === "ignored").map(finding),
  };
}

let validator: ValidateFunction | undefined;

/** Compiled for the first configuration that is read: a start reads one. */
function compiled(): ValidateFunction {
  if (validator !== undefined) return validator;
  // Compiling fast matters more than fast code, and a test holds the schema against its own.
  const ajv = new Ajv({
    allErrors: true,
    strictTypes: false,
    strictRequired: false,
    validateSchema: false,
    code: { optimize: false },
  });
  ajv.addVocabulary([...ownKeywords]);
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format.accepts);
  validator = ajv.compile(configSchema);
  return validator;
}

/** What each type of JSON Schema is called in messages. */
const kinds: Readonly<Record<string, string>> = {
  object: "a map of keys",
  array: "a list",
  string: "a text",
  boolean: "true or false",
  integer: "a whole number",
};

/** What a value must be, where it is of another type. */
const kindOf = ({ type, format = "" }: SchemaNode): string =>
  formats[format]?.says ?? `must be ${kinds[String(type)] ?? type}`;

/** Of an entry that only the numbers of others, in names of environment variables, have made. */
const gap = "is missing: entries are numbered from 0, without gaps";

function describe(raw: Raw, error: ErrorObject): Finding & { readonly unknown?: "mistake" | "ignored" } {
  const path = toPath(raw, error.instancePath);
  const node = nodeAt(path) ?? {};
  const value = valueAt(raw, path);
  const shown =
    node.writeOnly || parentIsSecret(path) || typeof value === "object" ? "" : `, not ${JSON.stringify(value)}`;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(error.params.additionalProperty);
      return isOpen(node, value)
        ? { path: [...path, key], message: "is no key of this server: nothing reads it", unknown: "ignored" }
        : { path: [...path, key], message: `unknown key${suggestKey(key, node)}`, unknown: "mistake" };
    }
    case "required":
      return { path: [...path, String(error.params.missingProperty)], message: "is missing" };
    case "type":
      return { path, message: value === undefined ? gap : `${kindOf(node)}${shown}` };
    case "format":
      return { path, message: `${formats[String(error.params.format)]?.says ?? "has the wrong form"}${shown}` };
    case "enum": {
      const allowed = node.enum ?? [];
      const refused = refusedValue(path, value);
      if (refused !== undefined) return { path, message: `${JSON.stringify(value)} ${refused}` };
      const close = typeof value === "string" ? meant(value, allowed) : undefined;
      const near = close === undefined ? "" : `; did you mean "${close}"?`;
      const hint = node["x-hint"] === undefined ? "" : `; ${node["x-hint"]}`;
      return { path, message: `must be one of ${allowed.join(", ")}${shown}${near}${hint}` };
    }
    case "minLength":
      return { path, message: `must have at least ${count(error.params.limit, "character", "characters")}` };
    case "minItems":
      return { path, message: `must have at least ${count(error.params.limit, "entry", "entries")}` };
    default:
      return { path, message: `${error.message ?? "is wrong"}${shown}` };
  }
}

const count = (number: number, one: string, more: string): string => `${number} ${number === 1 ? one : more}`;

/** Whether a map takes keys that nobody knows. Of hooks only those that schema.json names. */
function isOpen({ "x-open": open }: SchemaNode, value: unknown): boolean {
  return Array.isArray(open) ? isMap(value) && open.includes(value.hook) : open === true;
}

/** Entries of a list of secrets are secrets. */
function parentIsSecret(path: Path): boolean {
  return path.some((_, depth) => nodeAt(path.slice(0, depth))?.writeOnly === true);
}

/** `; did you mean "settings"?`, or where a key of that name is, or what could stand here. */
function suggestKey(written: string, parent: SchemaNode): string {
  const here = Object.keys(resolveNode(parent).properties ?? {});
  const close = meant(written, here);
  if (close !== undefined) return `; did you mean "${close}"?`;
  const paths = pathsOf(written, configSchema, []);
  if (paths.length > 0) return `; did you mean "${paths[0]}"?`;
  if (here.length === 0) return "";
  const [first, ...others] = nearest(written, here);
  return `; the nearest is "${first}"${others.length === 0 ? "" : `, then ${others.slice(0, 5).join(", ")}`}`;
}

/** Where in the schema a key of this name is, shortest path first. */
function pathsOf(key: string, node: SchemaNode, path: Path): string[] {
  const found: string[] = [];
  for (const name of Object.keys(resolveNode(node).properties ?? {})) {
    const child = childNode(node, name);
    if (name === key) found.push(printPath([...path, name]));
    if (child !== undefined) found.push(...pathsOf(key, child, [...path, name]));
  }
  return found.sort((a, b) => a.split(".").length - b.split(".").length);
}

/** Reads ajv's JSON pointer; what is a position of a list becomes a number. */
function toPath(raw: Raw, pointer: string): Path {
  const parts = pointer.split("/").slice(1);
  const path: (string | number)[] = [];
  for (const part of parts) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const parent = valueAt(raw, path);
    path.push(Array.isArray(parent) && !isMap(parent) ? Number(key) : key);
  }
  return path;
}
