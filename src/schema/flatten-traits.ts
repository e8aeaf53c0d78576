import type { JsonValue } from "@bufbuild/protobuf";
import { bounds } from "./bounds.ts";
import { escapeSegment } from "./trait-name.ts";
import type { TraitShape } from "./trait-shape.ts";

/**
 * Lays traits out as the input elements that show them: `{ tags: ["a"] }` is
 * `traits.tags.0` → `"a"`. What is null, empty or nested beyond reason is not
 * there, nor is what goes beyond the number of values that a person may have.
 * The schema only saves putting names together.
 */
export function flattenTraits(shape: TraitShape, traits: JsonValue): Map<string, string | number | boolean> {
  const flat = new Map<string, string | number | boolean>();
  const lay = (value: JsonValue | undefined, name: string, known: TraitShape | undefined, depth: number): void => {
    if (value === null || value === undefined || depth > bounds.traitDepth) return;
    // What the schema names is shown in any case.
    if (known === undefined && flat.size > bounds.traitValues) return;
    if (typeof value !== "object") {
      flat.set(name, value);
    } else if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) lay(item, `${name}.${at}`, undefined, depth + 1);
    } else {
      for (const key of Object.keys(value)) {
        const child = known?.children.get(key);
        lay(value[key], child?.name ?? `${name}.${escapeSegment(key)}`, child, depth + 1);
      }
    }
  };
  lay(traits, shape.name, shape, 0);
  return flat;
}
