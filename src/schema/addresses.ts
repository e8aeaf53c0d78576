import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { FormMessage } from "../ui/stored-message.ts";
import type { Via } from "./extension.ts";
import { formatText } from "./faults.ts";
import { isEmail } from "./formats.ts";
import { normaliseEmail, normaliseIdentifier } from "./normalise.ts";
import { phoneNumber } from "./phone-number.ts";
import { traitName } from "./trait-name.ts";
import type { TraitShape, TraitUse } from "./trait-shape.ts";

/** An address that traits hold, normalised. */
interface Address {
  readonly via: Via;
  readonly value: string;
}

/** What traits are good for beside being shown (settings.md §4.2). */
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

interface Found {
  readonly identifiers: Record<string, string[]>;
  readonly verifiable: Address[];
  readonly recovery: Address[];
  readonly messages: FormMessage[];
}

/** Formats that an address is held to. With another one, the schema vouches for the value itself. */
const strictFormats = new Set([undefined, "email", "tel"]);

function addressOf(value: string, via: Via, format: string | undefined): string | undefined {
  if (!strictFormats.has(format)) return value.trim();
  if (via === "sms") return phoneNumber(value);
  return isEmail(value.trim()) ? normaliseEmail(value) : undefined;
}

/** Notes what one value is used for, and gives it back as it is to be kept. */
function note(found: Found, use: TraitUse, value: string, path: readonly string[]): string {
  const { credentials, verification, recovery } = use.extension;
  let kept = value;
  const address = (via: Via, into: (value: string) => void): void => {
    const normal = addressOf(value, via, use.format);
    if (normal !== undefined) {
      if (normal !== "") into(normal);
      if (via === "sms") kept = normal;
    } else if (use.certain) {
      // Where the schema leaves a choice, the other branch may be the one that fits.
      const text = formatText(value, via === "sms" ? "tel" : "email");
      if (!found.messages.some((known) => known.node === traitName(path) && known.text.id === text.id)) found.messages.push({ node: traitName(path), text });
    }
  };
  const identify = (type: string, identifier: string): void => {
    found.identifiers[type] ??= [];
    const list = found.identifiers[type];
    if (identifier !== "" && !list.includes(identifier)) list.push(identifier);
  };
  const addTo = (list: Address[], via: Via) => (value: string) => {
    if (!list.some((known) => known.via === via && known.value === value)) list.push({ via, value });
  };
  for (const type of ["password", "webauthn"] as const) if (credentials?.[type]?.identifier) identify(type, normaliseIdentifier(value));
  if (credentials?.code?.identifier) address(credentials.code.via ?? "email", (identifier) => identify("code", identifier));
  if (verification?.via) address(verification.via, addTo(found.verifiable, verification.via));
  if (recovery?.via) address(recovery.via, addTo(found.recovery, recovery.via));
  return kept;
}

const hasUses = (shape: TraitShape | undefined): boolean =>
  shape !== undefined && (shape.uses.length > 0 || hasUses(shape.items) || [...shape.children.values()].some(hasUses));

/** The children worth looking into, worked out once for each shape. */
const used = new WeakMap<TraitShape, readonly TraitShape[]>();
function usedChildren(shape: TraitShape): readonly TraitShape[] {
  let children = used.get(shape);
  if (children === undefined) {
    children = [...shape.children.values()].filter(hasUses);
    used.set(shape, children);
  }
  return children;
}

/** Walks the values that have a use, and gives the value back; the same one if nothing changed. */
function walk(found: Found, shape: TraitShape, value: JsonValue, path: readonly string[]): JsonValue {
  if (typeof value === "string" || typeof value === "number") {
    const kept = shape.uses.reduce((text, use) => note(found, use, text, path), String(value));
    return typeof value === "string" ? kept : value;
  }
  if (Array.isArray(value)) {
    const items = shape.items;
    if (items === undefined || !hasUses(items)) return value;
    const kept = value.map((item, at) => walk(found, items, item, [...path, String(at)]));
    return kept.every((item, at) => item === value[at]) ? value : kept;
  }
  if (typeof value !== "object" || value === null) return value;
  let kept = value;
  for (const child of usedChildren(shape)) {
    const before = Object.hasOwn(value, child.key) ? value[child.key] : undefined;
    if (before === undefined) continue;
    const after = walk(found, child, before, [...path, child.key]);
    if (after !== before) kept = { ...kept, [child.key]: after };
  }
  return kept;
}

/** Finds identifiers and addresses in traits that fit the schema otherwise. */
export function findUses(shape: TraitShape, traits: JsonObject): FoundUses {
  const found: Found = { identifiers: {}, verifiable: [], recovery: [], messages: [] };
  const kept = walk(found, shape, traits, ["traits"]) as JsonObject;
  return { ...found, traits: kept };
}
