/** A configuration as the YAML file has it: before defaults, with texts for durations and sizes. */
export type Raw = Readonly<Record<string, unknown>>;

/** Keys and list positions from the root. */
export type Path = readonly (string | number)[];

/** Whether a value is a map of keys. */
export function isMap(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Prints a path the way people write it: `identity.schemas[0].url`. */
export function printPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
    "",
  );
}

/** Reads what `printPath` prints. A key with a dot in it is two of them. */
export function parsePath(text: string): Path {
  return [...text.matchAll(/\[(\d+)\]|[^.[]+/g)].map(([part, index]) => (index === undefined ? part : Number(index)));
}

/** The value at a path; undefined if there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else value = isMap(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }
  return value;
}

/**
 * Lays one configuration over another: maps are merged key by key, everything else is replaced, and a key without a
 * value changes nothing.
 */
export function merge(under: Raw, over: Raw): Raw {
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined || value === null) continue;
    const below = merged.get(key);
    merged.set(key, isMap(value) ? merge(isMap(below) ? below : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

/** Sets one value, making the maps and lists on the way to it. */
export function assign(root: unknown, path: Path, value: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (typeof part === "number") {
    const list: unknown[] = Array.isArray(root) ? [...root] : [];
    list[part] = assign(list[part], rest, value);
    return Array.from(list);
  }
  const map = isMap(root) ? root : {};
  return Object.fromEntries([
    ...Object.entries(map),
    [part, assign(Object.hasOwn(map, part) ? map[part] : undefined, rest, value)],
  ]);
}
