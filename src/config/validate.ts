import { Ajv, type ErrorObject } from "ajv";
import type { Problem } from "./config-error.ts";
import { isToCome } from "./features.ts";
import { formats } from "./formats.ts";
import { meant, nearest } from "./nearest.ts";
import { childNode, configSchema, nodeAt, resolveNode, type SchemaNode } from "./schema.ts";
import { isMap, type Path, printPath, type Raw, valueAt } from "./tree.ts";

/** A problem with the path still in parts, so that its line can be found. */
export interface Finding extends Omit<Problem, "path" | "where"> {
  readonly path: Path;
}

/**
 * Holds a configuration against schema.json and finds all mistakes at once:
 * unknown keys wherever they are, wrong values where the server acts on them.
 */
export function validate(raw: Raw): Finding[] {
  // Used once, at start: compiling fast matters more than fast code, and a test holds the schema against its own.
  const ajv = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false, validateSchema: false, code: { optimize: false } });
  ajv.addVocabulary(["x-default", "x-env"]);
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format.accepts);
  const check = ajv.compile(configSchema);
  if (check(raw)) return [];
  const findings = (check.errors ?? []).map((error) => describe(raw, error));
  const relevant = findings.filter(({ path, unknown }) => unknown || !isToCome(path));
  const lines = new Map(relevant.map(({ path, message }) => [`${printPath(path)} ${message}`, { path, message }]));
  return [...lines.values()];
}

function describe(raw: Raw, error: ErrorObject): Finding & { readonly unknown?: boolean } {
  const path = toPath(raw, error.instancePath);
  const node = nodeAt(path) ?? {};
  const value = valueAt(raw, path);
  const shown = node.writeOnly || parentIsSecret(path) || typeof value === "object" ? "" : `, not ${JSON.stringify(value)}`;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(error.params.additionalProperty);
      return { path: [...path, key], message: `unknown key${suggestKey(key, node)}`, unknown: true };
    }
    case "required":
      return { path: [...path, String(error.params.missingProperty)], message: "is missing" };
    case "type":
      return {
        path,
        message: `must be ${{ object: "a map of keys", array: "a list", string: "a text", boolean: "true or false", integer: "a whole number" }[String(node.type)] ?? node.type}${shown}`,
      };
    case "format":
      return { path, message: `${formats[String(error.params.format)]?.says ?? "has the wrong form"}${shown}` };
    case "enum": {
      const allowed = node.enum ?? [];
      const close = typeof value === "string" ? meant(value, allowed) : undefined;
      return { path, message: `must be one of ${allowed.join(", ")}${shown}${close === undefined ? "" : `; did you mean "${close}"?`}` };
    }
    case "minLength":
      return { path, message: `must have at least ${error.params.limit} characters` };
    default:
      return { path, message: `${error.message ?? "is wrong"}${shown}` };
  }
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
  const elsewhere = pathsOf(written, configSchema, []);
  if (elsewhere.length > 0) return `; did you mean "${elsewhere[0]}"?`;
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
