import { isUnsupported } from "./features.ts";
import { configSchema, resolveNode, type SchemaNode } from "./schema.ts";
import { isMap, type Path, type Raw } from "./tree.ts";

/** Fills in what schema.json has a default for, where the server acts on it. Maps on the way to a default are made. */
export function withDefaults(raw: Raw): Raw {
  const filled = fill(configSchema, raw, []);
  return isMap(filled) ? filled : raw;
}

function fill(node: SchemaNode, value: unknown, path: Path): unknown {
  if (isUnsupported(path)) return value;
  const { properties, items, default: standard } = resolveNode(node);
  if (properties !== undefined && (value === undefined || isMap(value))) {
    const filled = new Map(Object.entries(value ?? {}));
    for (const [key, child] of Object.entries(properties)) {
      const below = fill(child, filled.get(key), [...path, key]);
      if (below !== undefined) filled.set(key, below);
    }
    return value === undefined && filled.size === 0 ? undefined : Object.fromEntries(filled);
  }
  if (Array.isArray(value) && items !== undefined)
    return value.map((entry, index) => fill(items, entry, [...path, index]));
  return value ?? standard;
}
