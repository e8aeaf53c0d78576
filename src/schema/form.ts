import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { isObject } from "../lib/json-object.ts";
import { asSubmitted, isAsRendered } from "./as-rendered.ts";
import { bounds } from "./bounds.ts";
import { coerce, mayBeList } from "./coerce.ts";
import { flattenTraits } from "./flatten-traits.ts";
import type { IdentitySchema } from "./identity-schema.ts";
import {
  type DraftList,
  type DraftObject,
  emptyList,
  emptyObject,
  finishObject,
  getDraft,
  openDraft,
  plain,
  putDraft,
  unshownDraft,
} from "./trait-draft.ts";
import { traitPath } from "./trait-name.ts";
import { entryShapes, memberShapes, type TraitShape } from "./trait-shape.ts";

/** Traits as a person sent them. */
export interface ReadTraits {
  /** As the schema wants them, as far as that can be had; not yet judged. */
  readonly traits: JsonObject;
  /** What is put back into the input elements after an error, by their names. */
  readonly submittedValues: Readonly<Record<string, JsonValue>>;
}

/** What reading needs beside the schema and what was sent. */
export interface ReadOptions {
  /** The person's traits as they are; left out where there are none yet. */
  readonly current?: JsonObject;
}

const prefix = "traits.";
const index = /^(?:0|[1-9]\d{0,8})$/;

interface Reading {
  readonly traits: TraitShape;
  readonly current: JsonObject | undefined;
}

/** A place in the traits: what the schema says of it, and what stands there now. */
interface Place {
  readonly shape: TraitShape | undefined;
  readonly now: JsonValue | undefined;
}

/** Whether an empty field was sent for what is not there, or has nothing that a field could show. */
const isUntouched = (sent: JsonValue, now: JsonValue | undefined): boolean =>
  sent === "" && (now === undefined || (typeof now === "object" && !hasMembers(now)));

const hasMembers = (value: JsonValue): boolean => value !== null && Object.keys(value).length > 0;

function write(inside: DraftObject | DraftList, step: string, at: Place, sent: JsonValue, reading: Reading): void {
  if (at.now !== undefined && isAsRendered(sent, at.now)) {
    putDraft(inside, step, plain(at.now));
    return;
  }
  if (reading.current !== undefined && isUntouched(sent, at.now)) return;
  const value = coerce(at.shape, sent);
  const before = getDraft(inside, step);
  if (value === undefined) {
    // An emptied field removes what a nested object gave; a list keeps its numbered entries, and what no field
    // shows stays.
    if (before?.kind === "value" && !before.isUnshown && inside.kind === "object") inside.members.delete(step);
    return;
  }
  if (Array.isArray(value) && mayBeList(at.shape)) {
    const list = before?.kind === "list" ? (Array.isArray(sent) ? withoutUnshown(before) : before) : emptyList();
    list.others.push(...value);
    putDraft(inside, step, list);
  } else {
    putDraft(inside, step, plain(value));
  }
}

/** A list that was sent whole leaves nothing of the old one. */
const withoutUnshown = (list: DraftList): DraftList => ({
  ...list,
  numbered: new Map([...list.numbered].filter(([, entry]) => entry.kind !== "value" || !entry.isUnshown)),
});

/** Whether a place is a list: as it is now, or as the schema and the name of the next step have it. */
function isList({ shape, now }: Place, next: string): boolean {
  if (Array.isArray(now)) return index.test(next);
  return !isObject(now) && index.test(next) && mayBeList(shape);
}

/** The place one step further in. */
function enter(
  inside: DraftObject | DraftList,
  { shape, now }: Place,
  step: string,
): Place & { readonly step: string } {
  if (inside.kind === "list") {
    const entry = Array.isArray(now) ? now[Number(step)] : undefined;
    return { step, shape: shape && entryShapes(shape, Number(step))[0], now: entry };
  }
  const members = isObject(now) ? now : {};
  // Browsers write line breaks in names as they do in values.
  const key = Object.hasOwn(members, step) || !step.includes("\r\n") ? step : knownAs(members, step);
  return {
    step: key,
    shape: shape && memberShapes(shape, key)[0],
    now: Object.hasOwn(members, key) ? members[key] : undefined,
  };
}

/** The names of an object that have line breaks, as forms send them. */
const submittedNames = new WeakMap<JsonObject, ReadonlyMap<string, string>>();

function knownAs(members: JsonObject, step: string): string {
  let names = submittedNames.get(members);
  if (names === undefined) {
    const broken = Object.keys(members).filter((key) => /[\r\n]/.test(key));
    names = new Map(broken.map((key) => [asSubmitted(key), key] as const));
    submittedNames.set(members, names);
  }
  return names.get(step) ?? step;
}

/**
 * The steps of a name. One that leads deeper than any schema goes is one unknown trait, instead of a tower of
 * objects.
 */
function stepsOf(name: string): readonly string[] {
  if (name.length > bounds.traitName * 4) return [name];
  const path = traitPath(name);
  return path.length > bounds.schemaDepth ? [name] : path;
}

/** Writes one form field to its place. */
function place(root: DraftObject, name: string, sent: JsonValue, reading: Reading): void {
  const steps = stepsOf(name.slice(prefix.length));
  let inside: DraftObject | DraftList = root;
  let here: Place = { shape: reading.traits, now: reading.current };
  for (const [at, named] of steps.entries()) {
    const { step, ...inner } = enter(inside, here, named);
    const next = steps[at + 1];
    if (next === undefined) {
      write(inside, step, inner, sent, reading);
      return;
    }
    const opened = openDraft(getDraft(inside, step), isList(inner, next));
    putDraft(inside, step, opened);
    inside = opened;
    here = inner;
  }
}

/**
 * Adds the objects that exist in all traits; to a person's own traits those that
 * they have, or must have. Copies what it changes: nested objects are the
 * request's own.
 */
function fill(shape: TraitShape, value: JsonObject, current: JsonValue | undefined): JsonObject {
  let filled = value;
  for (const child of shape.objects) {
    const now = isObject(current) && Object.hasOwn(current, child.key) ? current[child.key] : undefined;
    const isThere = Object.hasOwn(value, child.key);
    if (!isThere && current !== undefined && now === undefined && !child.required) continue;
    const before = isThere ? value[child.key] : {};
    if (!isObject(before)) continue;
    const after = fill(child, before, current === undefined ? undefined : (now ?? {}));
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
 * Reads traits as any protocol delivers them (docs/compatibility.md, rule 20): members whose name
 * begins with `traits.` are form fields, unfolded and coerced by the schema;
 * other members are JSON and used as they are. Never throws, whatever was sent.
 *
 * A form that comes back as it was rendered changes nothing: what stands in a
 * field as it is now keeps its type, what no field shows stays, and a field that
 * was left empty adds nothing.
 */
export function readTraits(schema: IdentitySchema, sent: JsonObject, { current }: ReadOptions = {}): ReadTraits {
  const names = Object.keys(sent);
  const isForm = names.some((name) => name.startsWith(prefix));
  const unshown = isForm && current !== undefined ? unshownDraft(current) : undefined;
  const root = unshown?.kind === "object" ? unshown : emptyObject();
  const reading: Reading = { traits: schema.traits, current };
  for (const name of names) {
    const value = sent[name];
    if (!name.startsWith(prefix) && value !== undefined) root.members.set(name, plain(value));
  }
  for (const name of names) {
    const value = sent[name];
    if (name.startsWith(prefix) && value !== undefined) place(root, name, value, reading);
  }
  const traits = fill(schema.traits, finishObject(root, current), current);
  return { traits, submittedValues: shownOf(schema, traits) };
}
