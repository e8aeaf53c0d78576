import { parseFlag, parseNumber } from "./as-meant.ts";
import { childNode, configSchema, nodeAt, resolveNode, type SchemaNode } from "./schema.ts";
import { isMap, type Path, type Raw, valueAt } from "./tree.ts";

/** One key that an environment variable sets. */
export interface Assignment {
  readonly variable: string;
  readonly path: Path;
  readonly value: unknown;
}

/**
 * Finds the environment variables that name a key: the path in upper case with
 * `_` between its parts, `SELFSERVICE_FLOWS_SETTINGS_UI_URL`. Entries of a list
 * go by their position (`SELFSERVICE_ALLOWED_RETURN_URLS_0`); a list may also be
 * set whole, as JSON or with commas, and a map as JSON. Of maps that take keys
 * of any name those count that the files have. Variables that name no key belong
 * to other programs and are ignored, and so are empty ones.
 *
 * Sorted so that whole lists come before single entries.
 *
 * @param fromFiles what the files say
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>, fromFiles: Raw = {}): Assignment[] {
  const found: Assignment[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || text === "" || !/^[A-Z][A-Z0-9_]*$/.test(variable)) continue;
    for (const path of match(configSchema, variable, fromFiles)) {
      const value = coerce(nodeAt(path) ?? {}, text);
      if (value !== undefined) found.push({ variable, path, value });
    }
  }
  return found.sort((a, b) => a.path.length - b.path.length || (a.variable < b.variable ? -1 : 1));
}

/** The paths that a name may stand for; more than one only if two keys differ in nothing but `.` and `_`. */
function match(node: SchemaNode, name: string, written: unknown): Path[] {
  const { items } = resolveNode(node);
  const paths: Path[] = [];
  for (const [key, child] of childrenOf(node, written)) {
    const prefix = key.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
    if (resolveNode(child)["x-env"] === false) continue;
    if (name === prefix) paths.push([key]);
    else if (name.startsWith(`${prefix}_`))
      paths.push(...match(child, name.slice(prefix.length + 1), valueAt(written, [key])).map((rest) => [key, ...rest]));
  }
  const [, index, rest] = /^(\d{1,3})(?:_(.+))?$/.exec(name) ?? [];
  if (items !== undefined && index !== undefined) {
    if (rest === undefined) paths.push([Number(index)]);
    else paths.push(...match(items, rest, valueAt(written, [Number(index)])).map((path) => [Number(index), ...path]));
  }
  return paths;
}

/** The keys that a map may have: those of the schema, and those of the files if it takes any. */
function childrenOf(node: SchemaNode, written: unknown): readonly (readonly [key: string, child: SchemaNode])[] {
  const { properties = {} } = resolveNode(node);
  const others = isMap(written) ? Object.keys(written).filter((key) => !Object.hasOwn(properties, key)) : [];
  return [
    ...Object.entries(properties),
    ...others.flatMap((key) => {
      const child = childNode(node, key);
      return child === undefined ? [] : [[key, child] as const];
    }),
  ];
}

/**
 * Reads a text as the schema wants it. What does not fit stays a text, for the validation to name; undefined: not
 * meant for us.
 */
function coerce(node: SchemaNode, text: string): unknown {
  switch (node.type) {
    case "integer":
    case "number":
      return parseNumber(text) ?? text;
    case "boolean":
      return parseFlag(text) ?? text;
    case "array":
      if (text.trim().startsWith("[")) return fromJson(text);
      if (node["x-commas"] === false) return text;
      return text.split(",").map((entry) => coerce(resolveNode(node.items ?? {}), entry.trim()) ?? entry);
    case "object":
      // A name as short as SESSION or DATABASE may be a variable of another program.
      return text.trim().startsWith("{") ? fromJson(text) : undefined;
    default:
      return text;
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
