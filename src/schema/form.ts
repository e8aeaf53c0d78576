import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { bounds } from "./bounds.ts";
import { coerce, mayBeList } from "./coerce.ts";
import { flattenTraits } from "./flatten-traits.ts";
import type { IdentitySchema } from "./identity-schema.ts";
import { isObject } from "./subschemas.ts";
import { traitPath } from "./trait-name.ts";
import type { TraitShape } from "./trait-shape.ts";

/** Traits as a person sent them. */
export interface ReadTraits {
  /** As the schema wants them, as far as that can be had; not yet judged. */
  readonly traits: JsonObject;
  /** What is put back into the input elements after an error, by their names. */
  readonly submittedValues: Readonly<Record<string, JsonValue>>;
}

/* Traits in the making. Maps, because the names are anyone's. */
type Draft = DraftObject | DraftList | DraftValue;
interface DraftObject {
  readonly kind: "object";
  readonly members: Map<string, Draft>;
}
interface DraftList {
  readonly kind: "list";
  /** By the index in the name of the field; gaps close up. */
  readonly numbered: Map<number, Draft>;
  /** Sent without an index, so at the end. */
  readonly others: JsonValue[];
}
interface DraftValue {
  readonly kind: "value";
  readonly value: JsonValue;
}

const prefix = "traits.";
const index = /^(?:0|[1-9]\d{0,8})$/;

const emptyObject = (): DraftObject => ({ kind: "object", members: new Map() });
const emptyList = (): DraftList => ({ kind: "list", numbered: new Map(), others: [] });
const plain = (value: JsonValue): DraftValue => ({ kind: "value", value });

function get(inside: DraftObject | DraftList, step: string): Draft | undefined {
  return inside.kind === "list" ? inside.numbered.get(Number(step)) : inside.members.get(step);
}

function put(inside: DraftObject | DraftList, step: string, draft: Draft): void {
  if (inside.kind === "list") inside.numbered.set(Number(step), draft);
  else inside.members.set(step, draft);
}

/** Opens a place for what comes inside it; what stood there before stays, if it can be opened. */
function open(before: Draft | undefined, asList: boolean): DraftObject | DraftList {
  if (before?.kind === "object" || (before?.kind === "list" && asList)) return before;
  const value = before?.kind === "value" ? before.value : undefined;
  if (asList) {
    return Array.isArray(value)
      ? { kind: "list", numbered: new Map(value.map((item, at) => [at, plain(item)] as const)), others: [] }
      : emptyList();
  }
  return isObject(value)
    ? { kind: "object", members: new Map(Object.entries(value).map(([key, item]) => [key, plain(item)] as const)) }
    : emptyObject();
}

function write(inside: DraftObject | DraftList, step: string, shape: TraitShape | undefined, sent: JsonValue): void {
  const value = coerce(shape, sent);
  const before = get(inside, step);
  if (value === undefined) {
    // An emptied field removes what a nested object gave; a list keeps its numbered entries.
    if (before?.kind === "value" && inside.kind === "object") inside.members.delete(step);
    return;
  }
  if (Array.isArray(value) && mayBeList(shape)) {
    const list = before?.kind === "list" ? before : emptyList();
    list.others.push(...value);
    put(inside, step, list);
  } else {
    put(inside, step, plain(value));
  }
}

/** Writes one form field to its place. */
function place(root: DraftObject, traits: TraitShape, name: string, sent: JsonValue): void {
  const path = traitPath(name.slice(prefix.length));
  // Deeper than any schema goes: one unknown trait of that name, instead of a tower of objects.
  const steps = path.length > bounds.schemaDepth ? [name.slice(prefix.length)] : path;
  let inside: DraftObject | DraftList = root;
  let shape: TraitShape | undefined = traits;
  for (const [at, step] of steps.entries()) {
    shape = inside.kind === "list" ? shape?.items : shape?.children.get(step);
    const next = steps[at + 1];
    if (next === undefined) {
      write(inside, step, shape, sent);
      return;
    }
    const opened = open(get(inside, step), index.test(next) && mayBeList(shape));
    put(inside, step, opened);
    inside = opened;
  }
}

/** Sets a member of its own whatever its name: plain assignment of `__proto__` would change the object instead. */
function setOwn(object: JsonObject, key: string, value: JsonValue): void {
  if (key === "__proto__")
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

function finish(draft: Draft): JsonValue {
  if (draft.kind === "value") return draft.value;
  if (draft.kind === "object") return finishObject(draft);
  const numbered = [...draft.numbered].sort(([a], [b]) => a - b).map(([, item]) => finish(item));
  return [...numbered, ...draft.others];
}

function finishObject(draft: DraftObject): JsonObject {
  const object: JsonObject = {};
  for (const [key, member] of draft.members) setOwn(object, key, finish(member));
  return object;
}

/** Adds the objects that exist in all traits. Copies what it changes: nested objects are the request's own. */
function fill(shape: TraitShape, value: JsonObject): JsonObject {
  let filled = value;
  for (const child of shape.objects) {
    const before = Object.hasOwn(value, child.key) ? value[child.key] : {};
    if (!isObject(before)) continue;
    const after = fill(child, before);
    if (after === value[child.key]) continue;
    if (filled === value) filled = { ...value };
    filled[child.key] = after;
  }
  return filled;
}

function shownOf(schema: IdentitySchema, traits: JsonObject): Record<string, JsonValue> {
  const submittedValues: Record<string, JsonValue> = {};
  const fields = new Set(schema.fields.map((field) => field.name));
  // Values without a field of their own are anyone's, and each repeats the names of all that it is in.
  let [others, names] = [0, 0];
  for (const [name, value] of flattenTraits(schema.traits, traits)) {
    if (!fields.has(name)) {
      others += 1;
      names += name.length;
      if (others > bounds.submittedValues || names > bounds.shownNames) continue;
    }
    submittedValues[name] = value;
  }
  return submittedValues;
}

/**
 * Reads traits as any protocol delivers them (settings.md §1.6): members whose name
 * begins with `traits.` are form fields, unfolded and coerced by the schema;
 * other members are JSON and taken as they are. Never throws, whatever was sent.
 */
export function readTraits(schema: IdentitySchema, sent: JsonObject): ReadTraits {
  const root = emptyObject();
  const names = Object.keys(sent);
  for (const name of names) {
    const value = sent[name];
    if (!name.startsWith(prefix) && value !== undefined) root.members.set(name, plain(value));
  }
  for (const name of names) {
    const value = sent[name];
    if (name.startsWith(prefix) && value !== undefined) place(root, schema.traits, name, value);
  }
  const traits = fill(schema.traits, finishObject(root));
  return { traits, submittedValues: shownOf(schema, traits) };
}
