import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { UiText } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { charactersIn, columnSizes } from "../db/column-sizes.ts";
import { messages as rows, uiText } from "../ui/messages.ts";
import type { FormMessage } from "../ui/stored-message.ts";
import { bounds } from "./bounds.ts";
import type { Via } from "./extension.ts";
import { formatText } from "./faults.ts";
import { isEmail, isLooseEmail } from "./formats.ts";
import { normaliseEmail, normaliseIdentifier } from "./normalise.ts";
import { phoneNumber } from "./phone-number.ts";
import { traitName } from "./trait-name.ts";
import { entryShapes, memberShapes, type TraitShape, type TraitUse } from "./trait-shape.ts";

/** An address that traits hold, normalised. */
export interface Address {
  readonly via: Via;
  readonly value: string;
}

/** What traits are good for beside being shown (docs/compatibility.md, rule 22). */
export interface Uses {
  /** By credential type; normalised, each once. */
  readonly identifiers: Readonly<Record<string, readonly string[]>>;
  readonly verifiable: readonly Address[];
  readonly recovery: readonly Address[];
}

/** Uses, the traits with phone numbers written in E.164, and what is wrong. */
export interface FoundUses extends Uses {
  readonly traits: JsonObject;
  readonly messages: readonly FormMessage[];
}

/** Where an address to verify stands in the traits. */
export interface AddressPlace extends Address {
  /** Names and indexes below the traits: `["contact", "email"]`. */
  readonly path: readonly string[];
}

interface Found {
  readonly places: AddressPlace[];
  /** Where anything stands that has a use, as paths below the traits. */
  readonly used: (readonly string[])[];
  readonly identifiers: Record<string, string[]>;
  readonly verifiable: Address[];
  readonly recovery: Address[];
  readonly messages: FormMessage[];
}

/** Formats that an address is held to. With another one, the schema vouches for the value itself. */
const strictFormats = new Set([undefined, "email", "tel"]);

/** One recipient, and nothing that a mail's header would read as two, or as the end of a line. */
const oneRecipient = /^[^\s\p{C}",:;<>()[\]\\]+$/u;

/** An address as it is stored; undefined for none. It is normalised first: what is checked is what is stored. */
function addressOf(value: string, via: Via, format: string | undefined): string | undefined {
  if (strictFormats.has(format)) {
    if (via === "sms") return phoneNumber(value);
    const address = normaliseEmail(value);
    return isEmail(address) ? address : undefined;
  }
  const address = value.trim();
  // What a mailer may make of it has to be one recipient too.
  if (
    address !== "" &&
    !(via === "sms" ? isOneLine(address) : oneRecipient.test(address) && oneRecipient.test(normaliseEmail(address)))
  )
    return undefined;
  return format === "email_loose" && address !== "" && !isLooseEmail(address) ? undefined : address;
}

const isOneLine = (value: string): boolean => !/\p{C}/u.test(value);

/** Collects what the values of traits are used for, and what keeps them from it. */
interface Notes extends Found {
  readonly fault: (path: readonly string[], text: UiText) => void;
  /** Whether there are as many of one kind as a person may have. */
  readonly isFull: () => boolean;
  /** Adds to one kind what is not there yet. */
  readonly add: (kind: string, value: string, path: readonly string[], into: () => void) => void;
}

function createNotes(): Notes {
  const messages: FormMessage[] = [];
  const said = new Set<string>();
  const fault = (path: readonly string[], text: UiText): void => {
    const node = traitName(path);
    const known = `${text.id} ${node}`;
    if (said.has(known) || messages.length >= bounds.reported) return;
    said.add(known);
    messages.push({ node, text });
  };
  const known = new Map<string, Set<string>>();
  let isFull = false;
  const add: Notes["add"] = (kind, value, path, into) => {
    const values = known.get(kind) ?? new Set();
    known.set(kind, values);
    if (value === "" || values.has(value)) return;
    isFull ||= values.size >= bounds.uses;
    if (isFull) {
      fault(path, uiText(rows.invalid, { reason: `more than ${bounds.uses} identifiers or addresses` }));
      return;
    }
    values.add(value);
    into();
  };
  return {
    places: [],
    used: [],
    identifiers: {},
    verifiable: [],
    recovery: [],
    messages,
    fault,
    add,
    isFull: () => isFull,
  };
}

const tooLong = (value: string, most: number): UiText =>
  uiText(rows.tooLong, { max_length: most, actual_length: charactersIn(value) });

/** Notes what one value is used for, and gives it back as it is to be stored. */
function note(found: Notes, use: TraitUse, value: string, path: readonly string[]): string {
  if (isProtected(use)) found.used.push(path.slice(1));
  if (found.isFull()) return value;
  // Folding what is much too long would take time and change nothing.
  if (value.length > longestRaw) {
    found.fault(path, tooLong(value, Math.min(longestIdentifier, longestAddress)));
    return value;
  }
  const { credentials, verification, recovery } = use.extension;
  let normalised = value;
  const address = (via: Via, most: number, into: (value: string) => void): void => {
    const normal = addressOf(value, via, use.format);
    if (normal === undefined) {
      // Where the schema leaves a choice, the other branch may be the one that fits.
      if (use.certain) found.fault(path, formatText(value, via === "sms" ? "tel" : "email"));
    } else if (charactersIn(normal) > most) {
      found.fault(path, tooLong(normal, most));
    } else {
      into(normal);
      if (via === "sms") normalised = normal;
    }
  };
  const identify = (type: string, identifier: string): void => {
    found.identifiers[type] ??= [];
    const list = found.identifiers[type];
    if (charactersIn(identifier) > longestIdentifier) found.fault(path, tooLong(identifier, longestIdentifier));
    else found.add(`identifier ${type}`, identifier, path, () => list.push(identifier));
  };
  const addTo = (kind: string, list: Address[], via: Via) => (normal: string) =>
    found.add(`${kind} ${via}`, normal, path, () => list.push({ via, value: normal }));
  for (const type of ["password", "webauthn"] as const)
    if (credentials?.[type]?.identifier) identify(type, normaliseIdentifier(value));
  if (credentials?.code?.identifier)
    address(credentials.code.via ?? "email", longestIdentifier, (identifier) => identify("code", identifier));
  if (verification?.via) {
    const { via } = verification;
    address(via, longestAddress, (value) => {
      found.places.push({ via, value, path: path.slice(1) });
      addTo("verification", found.verifiable, via)(value);
    });
  }
  if (recovery?.via) address(recovery.via, longestAddress, addTo("recovery", found.recovery, recovery.via));
  return normalised;
}

/** Whether it signs a person in or brings an account back. */
const isProtected = ({ extension: { credentials = {}, verification, recovery } }: TraitUse): boolean =>
  [credentials.password, credentials.webauthn, credentials.code].some((type) => type?.identifier === true) ||
  verification?.via !== undefined ||
  recovery?.via !== undefined;

const longestIdentifier = columnSizes["identity_identifiers.identifier"];
const longestAddress = columnSizes["identity_addresses.value"];
const longestRaw = 4 * Math.max(longestIdentifier, longestAddress);

const isUsed = (shape: TraitShape): boolean => shape.uses.length > 0 || insideOf(shape).some(isUsed);

const insideOf = (shape: TraitShape): readonly TraitShape[] =>
  [
    ...shape.children.values(),
    ...shape.patterns.map((known) => known.shape),
    shape.others,
    shape.items,
    ...shape.prefix,
    shape.rest,
  ].filter((inner) => inner !== undefined);

/** Whether anything in a shape has a use, and its members that have, in the order of the schema; worked out once. */
interface UsedParts {
  readonly any: boolean;
  readonly children: readonly string[];
  /** Whether members without a name of their own have uses. */
  readonly unnamed: boolean;
}
const parts = new WeakMap<TraitShape, UsedParts>();
function usedParts(shape: TraitShape): UsedParts {
  let known = parts.get(shape);
  if (known === undefined) {
    known = {
      any: isUsed(shape),
      children: [...shape.children.values()].filter(isUsed).map((child) => child.key),
      unnamed: [...shape.patterns.map((each) => each.shape), ...(shape.others ? [shape.others] : [])].some(isUsed),
    };
    parts.set(shape, known);
  }
  return known;
}

/** Walks the values that have a use, and returns the value; the same one if nothing changed. */
function walk(found: Notes, shapes: readonly TraitShape[], value: JsonValue, path: readonly string[]): JsonValue {
  const used = shapes.filter((shape) => usedParts(shape).any);
  if (used.length === 0 || value === null || typeof value === "boolean") return value;
  if (Array.isArray(value)) {
    const normalised = value.map((item, at) => {
      const inner = used.flatMap((shape) => entryShapes(shape, at));
      return walk(found, inner, item, [...path, String(at)]);
    });
    return normalised.every((item, at) => item === value[at]) ? value : normalised;
  }
  if (typeof value === "object") return walkObject(found, used, value, path);
  const normalised = used
    .flatMap(({ uses }) => uses)
    .reduce((text, use) => note(found, use, text, path), String(value));
  return typeof value === "string" ? normalised : value;
}

function walkObject(found: Notes, used: readonly TraitShape[], value: JsonObject, path: readonly string[]): JsonObject {
  const unnamed = used.some((shape) => usedParts(shape).unnamed) ? Object.keys(value) : [];
  let normalised = value;
  for (const key of new Set([...used.flatMap((shape) => usedParts(shape).children), ...unnamed])) {
    const before = Object.hasOwn(value, key) ? value[key] : undefined;
    if (before === undefined) continue;
    const inner = used.flatMap((shape) => memberShapes(shape, key));
    const after = walk(found, inner, before, [...path, key]);
    if (after !== before) normalised = { ...normalised, [key]: after };
  }
  return normalised;
}

/** Finds identifiers and addresses in traits that fit the schema otherwise. */
export function findUses(shape: TraitShape, traits: JsonObject): FoundUses {
  const { fault, add, isFull, places, used, ...found } = createNotes();
  const normalised = walk({ fault, add, isFull, places, used, ...found }, [shape], traits, ["traits"]) as JsonObject;
  return { ...found, traits: normalised };
}

/** Finds where the addresses to verify stand in traits that fit the schema. One may stand in several places. */
export function findAddressPlaces(shape: TraitShape, traits: JsonObject): readonly AddressPlace[] {
  const notes = createNotes();
  walk(notes, [shape], traits, ["traits"]);
  return notes.places;
}

/** Finds where identifiers and addresses stand in traits, as paths below them: `["contact", "email"]`. */
export function findUsePlaces(shape: TraitShape, traits: JsonObject): readonly (readonly string[])[] {
  const notes = createNotes();
  walk(notes, [shape], traits, ["traits"]);
  return notes.used;
}
