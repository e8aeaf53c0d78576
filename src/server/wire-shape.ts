import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { shapeBounds, tooMany } from "../lib/json-shape.ts";

/** A value of free JSON takes up to this many messages within each other, and as many fields. */
const perValue = 4;

const [mostFields, deepest] = [shapeBounds.values * perValue, (shapeBounds.depth - 1) * perValue];

const groups = "The body has a group, which no message has.";

/** What may stand under a number in a message. */
interface Place {
  /** How often at most. */
  readonly times: number;
  /** Bytes at most, with what is said when there are more. */
  readonly bytes?: { readonly most: number; readonly fault: string };
  /** What stands in it, if it is a message. */
  readonly inside?: () => Places;
}
type Places = ReadonlyMap<number, Place>;

/**
 * Finds what is too much in a message in its binary form, in one pass over its
 * bytes: fields, known or not, and how deep they lie. Says nothing of bytes
 * that are no message: the decoder will.
 */
export const wireShapeFault = (desc: DescMessage, data: Uint8Array, times = 1): string | undefined => {
  try {
    look({ left: mostFields * times, times }, placesOf(desc), data, 1);
    return undefined;
  } catch (error) {
    return error instanceof TooMuch ? error.message : undefined;
  }
};

class TooMuch extends Error {
  override readonly name = "TooMuch";
}

/** Fields that may still come, and how many times the usual number of entries a list may have. */
interface Budget {
  left: number;
  readonly times: number;
}

const look = (budget: Budget, places: Places, bytes: Uint8Array, depth: number): void => {
  if (depth > deepest) throw new TooMuch(tooMany.depth);
  const reader = new BinaryReader(bytes);
  const found = new Map<number, number>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const place = places.get(number);
    const times = (found.get(number) ?? 0) + 1;
    found.set(number, times);
    budget.left -= 1;
    if (budget.left < 0) throw new TooMuch(tooMany.values);
    if (type === WireType.StartGroup || type === WireType.EndGroup) throw new TooMuch(groups);
    if (place && times > place.times * budget.times) throw new TooMuch(tooMany.entries);
    if (type !== WireType.LengthDelimited) reader.skip(type, number);
    else lookInside(budget, place, reader.bytes(), depth);
  }
};

const lookInside = (budget: Budget, place: Place | undefined, bytes: Uint8Array, depth: number): void => {
  if (place?.bytes && bytes.length > place.bytes.most) throw new TooMuch(place.bytes.fault);
  if (place?.inside) look(budget, place.inside(), bytes, depth + 1);
};

const known = new WeakMap<DescMessage, Places>();

const placesOf = (desc: DescMessage): Places => {
  const places = known.get(desc) ?? new Map(desc.fields.map((field) => [field.number, placeOf(field)]));
  known.set(desc, places);
  return places;
};

const placeOf = (field: DescField): Place => {
  const { message } = field;
  const times = field.fieldKind === "list" ? shapeBounds.entries : Number.POSITIVE_INFINITY;
  if (field.fieldKind === "map") {
    // An entry of a map is a message of a name and a value.
    const name = { times, bytes: { most: shapeBounds.name, fault: tooMany.name } };
    const entry = new Map<number, Place>([[1, name]]);
    if (message) entry.set(2, { times, inside: () => placesOf(message) });
    return { times, inside: () => entry };
  }
  if (message) return { times, inside: () => placesOf(message) };
  const isText = field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
  // Packed, each entry takes a byte at least.
  return field.fieldKind === "list" && !isText
    ? { times, bytes: { most: shapeBounds.entries, fault: tooMany.entries } }
    : { times };
};
