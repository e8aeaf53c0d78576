import { parseDuration } from "../lib/duration.ts";
import { parseByteSize } from "./byte-size.ts";
import { isMap, printPath, type Raw, valueAt } from "./tree.ts";

/** A validated part of a configuration, read by key with the type that schema.json promises. Keys may be dotted. */
export interface Slice {
  text(key: string): string;
  optionalText(key: string): string | undefined;
  /** One of the schema's enum; the caller names the type it has there. */
  choice<T extends string>(key: string): T;
  count(key: string): number;
  flag(key: string): boolean;
  optionalFlag(key: string): boolean | undefined;
  /** Milliseconds. */
  duration(key: string): number;
  /** Bytes. */
  size(key: string): number;
  texts(key: string): readonly string[];
  part(key: string): Slice;
  parts(key: string): readonly Slice[];
  /** Keys that have a map behind them. */
  maps(): readonly string[];
  raw(key: string): unknown;
}

/**
 * Makes a slice. Its methods throw TypeError where the schema did not promise what is asked for: a mistake in the
 * code, not in the file.
 */
export function createSlice(root: Raw): Slice {
  const raw = (key: string) => valueAt(root, key.split("."));
  const demand = <T>(key: string, read: (value: unknown) => T | undefined): T => {
    const value = read(raw(key));
    if (value === undefined)
      throw new TypeError(`schema.json does not promise what is read from ${printPath(key.split("."))}`);
    return value;
  };
  const asText = (value: unknown) => (typeof value === "string" ? value : undefined);
  const asFlag = (value: unknown) => (typeof value === "boolean" ? value : undefined);
  return {
    raw,
    text: (key) => demand(key, asText),
    optionalText: (key) => asText(raw(key)),
    choice: <T extends string>(key: string) => demand(key, asText) as T,
    count: (key) => demand(key, (value) => (typeof value === "number" ? value : undefined)),
    flag: (key) => demand(key, asFlag),
    optionalFlag: (key) => asFlag(raw(key)),
    duration: (key) => demand(key, (value) => parseDuration(asText(value) ?? "")),
    size: (key) => demand(key, (value) => parseByteSize(asText(value) ?? "")),
    texts: (key) => demand(key, (value) => (Array.isArray(value) ? value.map(String) : undefined)),
    part: (key) => createSlice(demand(key, (value) => (value === undefined ? {} : isMap(value) ? value : undefined))),
    parts: (key) =>
      demand(key, (value) =>
        Array.isArray(value) ? value.map((entry) => createSlice(isMap(entry) ? entry : {})) : undefined,
      ),
    maps: () => Object.keys(root).filter((key) => isMap(root[key])),
  };
}
