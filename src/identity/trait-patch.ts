import { isDeepStrictEqual } from "node:util";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/**
 * What one address changes in the traits, apart from everything else: a member of an object, or an item of a list. It
 * is plain JSON.
 */
export interface TraitPatch {
  /** Names and indexes from the traits to the member, or to the list: `["contact", "email"]`. */
  readonly path: readonly string[];
  /** Whether `path` leads to a list of which one item changes. */
  readonly isItem: boolean;
  /** What stands there until then; left out: nothing does. */
  readonly from?: JsonValue;
  readonly to: JsonValue;
}

/** Traits without some addresses, and what brings each of them in. */
export interface HeldBack {
  readonly traits: JsonObject;
  readonly patches: readonly TraitPatch[];
}

/**
 * Takes addresses out of proposed traits: where they stand, the traits stay as they are. Everything else that is
 * proposed stays.
 *
 * @param places the paths of the addresses in `proposed`, below the traits
 * @returns one patch for each place, in their order
 */
export const holdBack = (
  before: JsonObject,
  proposed: JsonObject,
  places: readonly (readonly string[])[],
): HeldBack => {
  const patches = places.map((place) => patchAt(before, proposed, place));
  const done = new Set<string>();
  let traits = proposed;
  // Places come in the order of each list. From its end on, what is removed moves nothing before it.
  for (const [at, place] of [...places.entries()].toReversed()) {
    const patch = patches[at] as TraitPatch;
    const what = JSON.stringify([patch.path, patch.isItem && place[patch.path.length]]);
    if (!done.has(what)) traits = withoutPatched(before, traits, patch, place);
    done.add(what);
  }
  return { traits, patches };
};

/** The traits with a patch in them; undefined where they no longer stand as it found them. */
export const applyPatch = (traits: JsonObject, { path, isItem, from, to }: TraitPatch): JsonObject | undefined => {
  if (isItem) {
    const list = read(traits, path) ?? (from === undefined ? [] : undefined);
    if (!Array.isArray(list)) return undefined;
    if (list.some((item) => isDeepStrictEqual(item, to))) return traits;
    if (from === undefined) return write(traits, path, [...list, to]);
    const at = list.findIndex((item) => isDeepStrictEqual(item, from));
    return at < 0 ? undefined : write(traits, path, list.with(at, to));
  }
  const parent = read(traits, path.slice(0, -1));
  if (typeof parent !== "object" || parent === null) return undefined;
  const current = read(traits, path);
  if (isDeepStrictEqual(current, to)) return traits;
  return isDeepStrictEqual(current, from) ? write(traits, path, to) : undefined;
};

/** The traits with the value of another state at a place, whatever stands there now: of a list, the whole item. */
export const restorePlace = (traits: JsonObject, earlier: JsonObject, place: readonly string[]): JsonObject => {
  const list = place.findIndex((_, at) => Array.isArray(read(earlier, place.slice(0, at))));
  if (list < 0) return write(traits, place, read(earlier, place) ?? null);
  const path = place.slice(0, list);
  const item = read(earlier, place.slice(0, list + 1)) ?? null;
  const current = read(traits, path);
  const items = Array.isArray(current) ? current : [];
  return items.some((each) => isDeepStrictEqual(each, item)) ? traits : write(traits, path, [...items, item]);
};

/** Proposed traits with what stood at some places before; of a list that one of them stands in, the whole list. */
export const keepPlaces = (
  before: JsonObject,
  proposed: JsonObject,
  places: readonly (readonly string[])[],
): JsonObject =>
  places.reduce((traits, place) => {
    const isList = (path: readonly string[]) => [before, proposed].some((state) => Array.isArray(read(state, path)));
    const list = place.findIndex((_, at) => isList(place.slice(0, at)));
    const path = list < 0 ? place : place.slice(0, list);
    return write(traits, path, read(before, path));
  }, proposed);

/** How the address at a place comes in: by the first step at which the traits before and those proposed part. */
const patchAt = (before: JsonObject, proposed: JsonObject, place: readonly string[]): TraitPatch => {
  for (let depth = 0; depth < place.length; depth++) {
    const path = place.slice(0, depth);
    const step = place.slice(0, depth + 1);
    const [old, wanted] = [read(before, path), read(proposed, path)];
    const to = read(proposed, step) ?? null;
    const isLast = depth === place.length - 1;
    if (Array.isArray(wanted)) {
      const from = Array.isArray(old) ? replacedItem(old, wanted, Number(place[depth])) : undefined;
      if (isLast || from === undefined) return { path, isItem: true, ...(from !== undefined && { from }), to };
    } else if (isLast || (read(before, step) === undefined && !Array.isArray(to))) {
      const from = read(before, step);
      return { path: step, isItem: false, ...(from !== undefined && { from }), to };
    }
  }
  throw new Error("an address stands at the end of a path");
};

/** The item in whose place another stands; undefined where that one is added. */
const replacedItem = (old: readonly JsonValue[], wanted: readonly JsonValue[], at: number): JsonValue | undefined => {
  const item = old[at];
  return item === undefined || wanted.some((each) => isDeepStrictEqual(each, item)) ? undefined : item;
};

const withoutPatched = (
  before: JsonObject,
  held: JsonObject,
  { path, isItem, from }: TraitPatch,
  place: readonly string[],
): JsonObject => {
  if (!isItem) return write(held, path, from);
  const list = read(held, path);
  if (!Array.isArray(list)) return held;
  const at = Number(place[path.length]);
  const left = from === undefined ? list.toSpliced(at, 1) : list.with(at, from);
  return write(held, path, left.length === 0 && read(before, path) === undefined ? undefined : left);
};

const read = (from: JsonValue | undefined, path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((at, key) => {
    if (Array.isArray(at)) return at[Number(key)];
    return typeof at === "object" && at !== null && Object.hasOwn(at, key) ? at[key] : undefined;
  }, from);

/** A copy with a value at a path; undefined removes the member. What is missing on the way is made. */
const write = (into: JsonObject, path: readonly string[], value: JsonValue | undefined): JsonObject =>
  put(into, path, value) as JsonObject;

const put = (
  into: JsonValue | undefined,
  [key, ...rest]: readonly string[],
  value: JsonValue | undefined,
): JsonValue | undefined => {
  if (key === undefined) return value;
  if (Array.isArray(into)) {
    const at = Number(key);
    return into.with(at, put(into[at], rest, value) ?? null);
  }
  const { [key]: old, ...others } = typeof into === "object" && into !== null ? into : {};
  const next = put(old, rest, value);
  return next === undefined ? others : { ...others, [key]: next };
};
