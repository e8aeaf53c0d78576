import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { isObject } from "../lib/json-object.ts";

/* Traits in the making. Maps, because the names are anyone's. */

/** A value of traits in the making. */
export type Draft = DraftObject | DraftList | DraftValue;

/** An object in the making. */
export interface DraftObject {
  readonly kind: "object";
  readonly members: Map<string, Draft>;
}

/** A list in the making. */
export interface DraftList {
  readonly kind: "list";
  /** By the index in the name of the field; gaps close up. */
  readonly numbered: Map<number, Draft>;
  /** Sent without an index, so at the end. */
  readonly others: JsonValue[];
}

/** A whole value. */
export interface DraftValue {
  readonly kind: "value";
  readonly value: JsonValue;
  /** It is there already, and no input element shows it. */
  readonly isUnshown: boolean;
}

/** An object without members. */
export const emptyObject = (): DraftObject => ({ kind: "object", members: new Map() });
/** A list without entries. */
export const emptyList = (): DraftList => ({ kind: "list", numbered: new Map(), others: [] });
/** A value as it is. */
export const plain = (value: JsonValue, isUnshown = false): DraftValue => ({ kind: "value", value, isUnshown });

/** What stands at a step. */
export function getDraft(inside: DraftObject | DraftList, step: string): Draft | undefined {
  return inside.kind === "list" ? inside.numbered.get(Number(step)) : inside.members.get(step);
}

/** Puts a draft at a step. */
export function putDraft(inside: DraftObject | DraftList, step: string, draft: Draft): void {
  if (inside.kind === "list") inside.numbered.set(Number(step), draft);
  else inside.members.set(step, draft);
}

/** Opens a place for what comes inside it; what stood there before stays, if it can be opened. */
export function openDraft(before: Draft | undefined, asList: boolean): DraftObject | DraftList {
  if (before?.kind === (asList ? "list" : "object")) return before as DraftObject | DraftList;
  const value = before?.kind === "value" ? before.value : undefined;
  if (asList) {
    const entries = Array.isArray(value) ? value : [];
    return { ...emptyList(), numbered: new Map(entries.map((item, at) => [at, plain(item)] as const)) };
  }
  const members = isObject(value) ? Object.entries(value) : [];
  return { kind: "object", members: new Map(members.map(([key, item]) => [key, plain(item)] as const)) };
}

/**
 * What traits have that no input element shows: null, empty lists and empty
 * objects, each in its place. Undefined where there is nothing of the kind.
 */
export function unshownDraft(value: JsonValue): Draft | undefined {
  if (value === null) return plain(value, true);
  if (typeof value !== "object") return undefined;
  const entries = Object.entries(value);
  if (entries.length === 0) return plain(value, true);
  const inside = Array.isArray(value) ? emptyList() : emptyObject();
  let found = false;
  for (const [step, inner] of entries) {
    const draft = unshownDraft(inner ?? null);
    if (draft === undefined) continue;
    putDraft(inside, step, draft);
    found = true;
  }
  return found ? inside : undefined;
}

/** Sets a member of its own whatever its name: plain assignment of `__proto__` would change the object instead. */
function setOwn(object: JsonObject, key: string, value: JsonValue): void {
  if (key === "__proto__")
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/**
 * Makes the value of a draft.
 *
 * @param current what stands there now, where that is known: an object that is
 * empty, and was not there, was only opened for fields that were left empty
 */
function finishDraft(draft: Draft, current?: JsonValue): JsonValue {
  if (draft.kind === "value") return draft.value;
  if (draft.kind === "object") return finishObject(draft, current);
  const now = Array.isArray(current) ? current : [];
  const numbered = [...draft.numbered].sort(([a], [b]) => a - b).map(([at, item]) => finishDraft(item, now[at]));
  return [...numbered, ...draft.others];
}

/** The same for an object. */
export function finishObject(draft: DraftObject, current?: JsonValue): JsonObject {
  const object: JsonObject = {};
  for (const [key, member] of draft.members) {
    const now = isObject(current) && Object.hasOwn(current, key) ? current[key] : undefined;
    const value = finishDraft(member, now);
    if (current !== undefined && now === undefined && member.kind === "object" && isEmpty(value)) continue;
    setOwn(object, key, value);
  }
  return object;
}

const isEmpty = (value: JsonValue): boolean => isObject(value) && Object.keys(value).length === 0;
