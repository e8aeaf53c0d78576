import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Extension, extensionKeyword } from "./extension.ts";
import { isObject, resolveReference, subschemas } from "./subschemas.ts";
import { traitName } from "./trait-name.ts";

/** What a schema says of one place in the traits, all its parts taken together. */
export interface TraitShape {
  /** `traits.name.first`; the entries of a list are `traits.tags.*`. */
  readonly name: string;
  /** The last step of its path. */
  readonly key: string;
  /** Empty: anything goes. */
  readonly types: readonly string[];
  readonly required: boolean;
  /** It applies whatever else is sent: no `anyOf`, `if` or the like leads to it. */
  readonly certain: boolean;
  readonly title: string | undefined;
  readonly format: string | undefined;
  readonly pattern: string | undefined;
  readonly options: readonly JsonValue[] | undefined;
  readonly fallback: JsonValue | undefined;
  readonly uses: readonly TraitUse[];
  /** In the order of the document. */
  readonly children: ReadonlyMap<string, TraitShape>;
  readonly items: TraitShape | undefined;
  /** The children that are objects for certain: they exist in all traits, if only empty (settings.md §1.6). */
  readonly objects: readonly TraitShape[];
}

/** What a value is for, as one part of the schema says. */
export interface TraitUse {
  readonly extension: Extension;
  readonly format: string | undefined;
  readonly certain: boolean;
}

interface Draft {
  types: readonly string[];
  certain: boolean;
  title: string | undefined;
  format: string | undefined;
  pattern: string | undefined;
  options: readonly JsonValue[] | undefined;
  fallback: JsonValue | undefined;
  items: Draft | undefined;
  readonly uses: TraitUse[];
  readonly required: Set<string>;
  readonly children: Map<string, Draft>;
}

const emptyDraft = (): Draft => ({
  types: [],
  certain: false,
  title: undefined,
  format: undefined,
  pattern: undefined,
  options: undefined,
  fallback: undefined,
  items: undefined,
  uses: [],
  required: new Set(),
  children: new Map(),
});

const text = (value: JsonValue | undefined): string | undefined => (typeof value === "string" ? value : undefined);

/** The JSON Schema type of a value; an integer counts as a number. */
export function jsonType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function typesOf(schema: JsonObject): readonly string[] {
  const { type } = schema;
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return type.filter((name) => typeof name === "string");
  return schema.const === undefined ? [] : [jsonType(schema.const)];
}

/** Adds what a schema says itself. The first to speak wins. */
function addOwn(draft: Draft, schema: JsonObject, certain: boolean): void {
  if (draft.types.length === 0) draft.types = typesOf(schema);
  draft.certain ||= certain;
  draft.title ??= text(schema.title);
  draft.format ??= text(schema.format);
  draft.pattern ??= text(schema.pattern);
  draft.options ??= Array.isArray(schema.enum) ? schema.enum : undefined;
  draft.fallback ??= schema.default;
  const extension = schema[extensionKeyword];
  if (isObject(extension)) draft.uses.push({ extension, format: text(schema.format), certain });
  if (certain && Array.isArray(schema.required)) for (const name of schema.required) draft.required.add(String(name));
}

const conditional = new Set(["anyOf", "oneOf", "if", "then", "else"]);

function itemsOf(draft: Draft): Draft {
  draft.items ??= emptyDraft();
  return draft.items;
}

function childOf(draft: Draft, name: string): Draft {
  const known = draft.children.get(name);
  if (known !== undefined) return known;
  const child = emptyDraft();
  draft.children.set(name, child);
  return child;
}

/** Adds a schema with all that it is put together from. References are known to end (inspect-schema.ts). */
function add(draft: Draft, schema: JsonValue | undefined, certain: boolean, root: JsonObject): void {
  if (!isObject(schema)) return;
  addOwn(draft, schema, certain);
  if (typeof schema.$ref === "string") add(draft, resolveReference(root, schema.$ref)?.schema, certain, root);
  for (const { keyword, steps, schema: inner } of subschemas(schema)) {
    const [, name = ""] = steps;
    if (keyword === "properties") add(childOf(draft, name), inner, certain, root);
    else if (keyword === "items" && steps.length === 1) add(itemsOf(draft), inner, certain, root);
    else if (keyword === "allOf") add(draft, inner, certain, root);
    else if (conditional.has(keyword)) add(draft, inner, false, root);
  }
}

function finish(draft: Draft, path: readonly string[], required: boolean): TraitShape {
  const children = new Map(
    [...draft.children].map(([key, child]) => [key, finish(child, [...path, key], draft.required.has(key))] as const),
  );
  return {
    name: traitName(path),
    key: path.at(-1) ?? "",
    types: draft.types,
    required,
    certain: draft.certain,
    title: draft.title,
    format: draft.format,
    pattern: draft.pattern,
    options: draft.options,
    fallback: draft.fallback,
    uses: draft.uses,
    children,
    items: draft.items === undefined ? undefined : finish(draft.items, [...path, "*"], false),
    objects: [...children.values()].filter(
      (child) => child.certain && child.types.length === 1 && child.types[0] === "object",
    ),
  };
}

/** Reads the places that traits can have out of a schema document that was inspected. */
export function readTraitShape(root: JsonObject): TraitShape {
  const draft = emptyDraft();
  add(draft, isObject(root.properties) ? root.properties.traits : undefined, true, root);
  return finish(draft, ["traits"], true);
}
