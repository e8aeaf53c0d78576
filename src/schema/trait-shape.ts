import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { isObject } from "../lib/json-object.ts";
import { type Extension, extensionKeyword } from "./extension.ts";
import { compilePattern, type Pattern } from "./pattern.ts";
import { resolveReference, type Subschema, subschemas } from "./subschemas.ts";
import { traitName } from "./trait-name.ts";

/** What a schema says of one place in the traits, all its parts combined. */
export interface TraitShape {
  /** `traits.name.first`; the entries of a list are `traits.tags.*`. */
  readonly name: string;
  /** The last step of its path. */
  readonly key: string;
  /** Empty: anything goes. */
  readonly types: readonly string[];
  /** Those that hold whatever else is sent; empty: not known. */
  readonly certainTypes: readonly string[];
  /** Whether it has no other members than its children and those of a pattern. */
  readonly closed: boolean;
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
  /** Members by a pattern of their names. */
  readonly patterns: readonly PatternShape[];
  /** Members that neither a name nor a pattern knows. */
  readonly others: TraitShape | undefined;
  /** Every entry of a list. */
  readonly items: TraitShape | undefined;
  /** The first entries of a list, each by its place. */
  readonly prefix: readonly TraitShape[];
  /** The entries after those. */
  readonly rest: TraitShape | undefined;
  /**
   * The children that are objects for certain: they exist in all traits, if only empty (docs/compatibility.md, rule
   * 20).
   */
  readonly objects: readonly TraitShape[];
}

/** What a schema says of members whose names match a pattern. */
export interface PatternShape {
  readonly pattern: Pattern;
  readonly shape: TraitShape;
}

/** What a value is for, as one part of the schema says. */
export interface TraitUse {
  readonly extension: Extension;
  readonly format: string | undefined;
  readonly certain: boolean;
}

interface Draft {
  types: readonly string[];
  certainTypes: readonly string[];
  closed: boolean;
  certain: boolean;
  title: string | undefined;
  format: string | undefined;
  pattern: string | undefined;
  options: readonly JsonValue[] | undefined;
  fallback: JsonValue | undefined;
  items: Draft | undefined;
  others: Draft | undefined;
  rest: Draft | undefined;
  readonly prefix: Draft[];
  readonly patterns: Map<string, Draft>;
  readonly uses: TraitUse[];
  readonly required: Set<string>;
  readonly children: Map<string, Draft>;
}

const emptyDraft = (): Draft => ({
  types: [],
  certainTypes: [],
  closed: false,
  certain: false,
  title: undefined,
  format: undefined,
  pattern: undefined,
  options: undefined,
  fallback: undefined,
  items: undefined,
  others: undefined,
  rest: undefined,
  prefix: [],
  patterns: new Map(),
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
  if (certain && draft.certainTypes.length === 0) draft.certainTypes = typesOf(schema);
  draft.closed ||= certain && schema.additionalProperties === false;
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

const conditional = new Set(["anyOf", "oneOf", "if", "then", "else", "dependencies"]);

function childOf(children: Map<string, Draft>, name: string): Draft {
  const known = children.get(name);
  if (known !== undefined) return known;
  const child = emptyDraft();
  children.set(name, child);
  return child;
}

function entryOf(prefix: Draft[], at: number): Draft {
  while (prefix.length <= at) prefix.push(emptyDraft());
  return prefix[at] ?? emptyDraft();
}

/** The draft that a schema inside another one is about. */
function draftOf(draft: Draft, { keyword, steps }: Subschema, schema: JsonObject): Draft | undefined {
  const [, name = ""] = steps;
  switch (keyword) {
    case "properties":
      return childOf(draft.children, name);
    case "patternProperties":
      return childOf(draft.patterns, name);
    case "additionalProperties":
      draft.others ??= emptyDraft();
      return draft.others;
    case "items":
      if (steps.length > 1) return entryOf(draft.prefix, Number(name));
      draft.items ??= emptyDraft();
      return draft.items;
    case "additionalItems":
      // It means something beside a list of schemas only.
      if (!Array.isArray(schema.items)) return undefined;
      draft.rest ??= emptyDraft();
      return draft.rest;
    default:
      return keyword === "allOf" || conditional.has(keyword) ? draft : undefined;
  }
}

/** Adds a schema with all that it is put together from. References are known to end (inspect-schema.ts). */
function add(draft: Draft, schema: JsonValue | undefined, certain: boolean, root: JsonObject): void {
  if (!isObject(schema)) return;
  addOwn(draft, schema, certain);
  if (typeof schema.$ref === "string") add(draft, resolveReference(root, schema.$ref)?.schema, certain, root);
  for (const inner of subschemas(schema)) {
    const about = draftOf(draft, inner, schema);
    if (about !== undefined) add(about, inner.schema, certain && !conditional.has(inner.keyword), root);
  }
}

function finish(draft: Draft, path: readonly string[], required: boolean): TraitShape {
  const children = new Map(
    [...draft.children].map(([key, child]) => [key, finish(child, [...path, key], draft.required.has(key))] as const),
  );
  const starred = (inner: Draft | undefined) =>
    inner === undefined ? undefined : finish(inner, [...path, "*"], false);
  return {
    name: traitName(path),
    key: path.at(-1) ?? "",
    types: draft.types,
    certainTypes: draft.certainTypes,
    closed: draft.closed,
    required,
    certain: draft.certain,
    title: draft.title,
    format: draft.format,
    pattern: draft.pattern,
    options: draft.options,
    fallback: draft.fallback,
    uses: draft.uses,
    children,
    patterns: [...draft.patterns].map(([pattern, inner]) => ({
      pattern: compilePattern(pattern),
      shape: finish(inner, [...path, "*"], false),
    })),
    others: starred(draft.others),
    items: starred(draft.items),
    prefix: draft.prefix.map((entry, at) => finish(entry, [...path, String(at)], false)),
    rest: starred(draft.rest),
    objects: [...children.values()].filter(
      (child) => child.certain && child.types.length === 1 && child.types[0] === "object",
    ),
  };
}

const present = (shape: TraitShape | undefined): readonly TraitShape[] => (shape === undefined ? [] : [shape]);

/** All that is said of a member of an object. */
export function memberShapes(shape: TraitShape, key: string): readonly TraitShape[] {
  const named = [
    ...present(shape.children.get(key)),
    ...shape.patterns.filter(({ pattern }) => pattern.test(key)).map((known) => known.shape),
  ];
  return named.length > 0 ? named : present(shape.others);
}

/** All that is said of an entry of a list. */
export const entryShapes = (shape: TraitShape, at: number): readonly TraitShape[] => [
  ...present(at < shape.prefix.length ? shape.prefix[at] : shape.rest),
  ...present(shape.items),
];

/** Reads the places that traits can have out of a schema document that was inspected. */
export function readTraitShape(root: JsonObject): TraitShape {
  const draft = emptyDraft();
  add(draft, root, true, root);
  return finish(draft.children.get("traits") ?? emptyDraft(), ["traits"], true);
}
