import type { JsonValue } from "@bufbuild/protobuf";
import { entryShapes, type TraitShape } from "./trait-shape.ts";

// biome-ignore format: a table, read by its lines
const truths: Readonly<Record<string, boolean>> = {
  "1": true,  t: true,  T: true,  TRUE: true,   true: true,   True: true,
  "0": false, f: false, F: false, FALSE: false, false: false, False: false,
};
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

type Kind = "string" | "number" | "boolean" | "array" | "any";

/** What a form field of several types is read as: text, if it may be text. */
function kindOf(shape: TraitShape | undefined): Kind {
  const types = shape?.types ?? [];
  if (types.includes("string")) return "string";
  if (types.includes("number") || types.includes("integer")) return "number";
  if (types.includes("boolean")) return "boolean";
  return types.includes("array") ? "array" : "any";
}

function toNumber(value: JsonValue, required: boolean): JsonValue | undefined {
  if (typeof value !== "string") return value;
  if (value === "") return required ? 0 : undefined;
  const number = Number(value);
  return decimal.test(value) && Number.isFinite(number) ? number : value;
}

function toBoolean(value: JsonValue, required: boolean): JsonValue | undefined {
  // A checkbox sends `false` from a hidden field and then, if ticked, `true`: the last counts.
  const last = Array.isArray(value) ? (value.at(-1) ?? "") : value;
  if (last === "") return required ? false : undefined;
  const spelling = typeof last === "number" ? String(last) : last;
  return typeof spelling === "string" && Object.hasOwn(truths, spelling) ? truths[spelling] : last;
}

function toText(value: JsonValue): JsonValue | undefined {
  if (value === "") return undefined;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}

/**
 * Makes of a form field what the schema wants of it (docs/compatibility.md, rule 20);
 * undefined: as if it had not been sent. What cannot be made stays as it is, so
 * that the check of its type names it.
 */
export function coerce(shape: TraitShape | undefined, value: JsonValue): JsonValue | undefined {
  if (value === null) return undefined;
  switch (kindOf(shape)) {
    case "string":
      return toText(value);
    case "number":
      return toNumber(value, shape?.required ?? false);
    case "boolean":
      return toBoolean(value, shape?.required ?? false);
    case "array":
      return coerceList(shape, value);
    default:
      return value === "" ? undefined : value;
  }
}

function coerceList(shape: TraitShape | undefined, value: JsonValue): JsonValue | undefined {
  if (Array.isArray(value) && value.length === 0) return value;
  if (typeof value === "object" && !Array.isArray(value)) return value;
  const items = (Array.isArray(value) ? value : [value]).flatMap((item, at) => {
    const coerced = coerce(shape && entryShapes(shape, at)[0], item);
    return coerced === undefined ? [] : [coerced];
  });
  return items.length === 0 ? undefined : items;
}

/** Whether a shape is a list, or may be one for all that the schema says. */
export const mayBeList = (shape: TraitShape | undefined): boolean => {
  const kind = kindOf(shape);
  return (
    kind === "array" ||
    (kind === "any" && (shape?.children.size ?? 0) === 0 && !(shape?.types.includes("object") ?? false))
  );
};
