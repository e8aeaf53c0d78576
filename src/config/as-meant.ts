import { isUnsupported } from "./features.ts";
import { childNode, configSchema, resolveNode, type SchemaNode } from "./schema.ts";
import { isMap, type Path, type Raw } from "./tree.ts";

/*
 * Templates and other programs write numbers and true or false as texts, one
 * value where a list of one is meant, and words in other letters. Where that
 * leaves no doubt it is read as it was meant; everything else stays as it is,
 * for the validation to name.
 */

const flags: Readonly<Record<string, boolean>> = { "1": true, t: true, true: true, "0": false, f: false, false: false };

/** Reads a text as true or false, the spellings being those of Go. Undefined if it is neither. */
export const parseFlag = (text: string): boolean | undefined => {
  const word = text.trim().toLowerCase();
  return Object.hasOwn(flags, word) ? flags[word] : undefined;
};

/** Reads a text as a number. Undefined if it is none. */
export const parseNumber = (text: string): number | undefined =>
  /^-?\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;

/** Gives every value of a configuration the type that schema.json has for it, where only the way of writing differs. */
export const asMeant = (raw: Raw): Raw => {
  const read = readMap(configSchema, raw, []);
  return isMap(read) ? read : raw;
};

const readMap = (node: SchemaNode, map: Raw, path: Path): unknown =>
  Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) => {
      const child = childNode(node, key);
      // Between the entries of a list as well: a key of ours without a value is not set.
      if (value === null && child?.type !== undefined) return [];
      return [[key, child === undefined ? value : read(child, value, [...path, key])]];
    }),
  );

const read = (node: SchemaNode, value: unknown, path: Path): unknown => {
  if (isUnsupported(path)) return value;
  if (isMap(value)) return readMap(node, value, path);
  const entry = node.items && resolveNode(node.items);
  if (entry !== undefined) {
    const entries = Array.isArray(value)
      ? value
      : entry.type === "string" && typeof value === "string"
        ? [value]
        : undefined;
    return entries === undefined ? value : entries.map((one, index) => read(entry, one, [...path, index]));
  }
  if (typeof value !== "string") return value;
  if (node.type === "boolean") return parseFlag(value) ?? value;
  if (node.type === "integer" || node.type === "number") return parseNumber(value) ?? value;
  return node.enum === undefined ? value : spelled(value, node.enum);
};

const spelled = (value: string, words: readonly string[]): string => {
  const same = words.filter((word) => word.toLowerCase() === value.toLowerCase());
  return same.length === 1 && same[0] !== undefined ? same[0] : value;
};
