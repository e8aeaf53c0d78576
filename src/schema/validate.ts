import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { forbiddenNames } from "../lib/forbidden-names.ts";
import { messages, uiText } from "../ui/messages.ts";
import type { FormMessage } from "../ui/stored-message.ts";
import { findUses, type Uses } from "./addresses.ts";
import { bounds } from "./bounds.ts";
import { faultMessages } from "./faults.ts";
import type { IdentitySchema } from "./identity-schema.ts";
import { traitName } from "./trait-name.ts";

/** What the schema makes of traits. */
export type TraitsVerdict = ValidTraits | { readonly kind: "invalid"; readonly messages: readonly FormMessage[] };

/** Traits that hold, and what they are good for. */
interface ValidTraits extends Uses {
  readonly kind: "valid";
  /** Phone numbers that are used as addresses are in E.164. */
  readonly traits: JsonObject;
}

const fault = (path: readonly string[], reason: string): FormMessage => ({
  node: traitName(path),
  text: uiText(messages.invalid, { reason }),
});

function nameFault(key: string, path: readonly string[]): FormMessage | undefined {
  if (key.length > bounds.traitName) return fault(path, `a name of more than ${bounds.traitName} characters`);
  if (!key.isWellFormed()) return fault(path, "a name with half a character in it");
  return forbiddenNames.has(key)
    ? fault([...path, key], `${JSON.stringify(key)} is not a name that a trait may have`)
    : undefined;
}

/** What no schema may allow: names that act on objects, depth and numbers that no check should be run on. */
function unreasonable(traits: JsonObject): FormMessage | undefined {
  let values = 0;
  const look = (value: JsonValue, path: readonly string[]): FormMessage | undefined => {
    values++;
    if (values > bounds.traitValues) return fault(["traits"], `more than ${bounds.traitValues} values`);
    if (typeof value === "string" && !value.isWellFormed()) return fault(path, "a text with half a character in it");
    if (typeof value !== "object" || value === null) return undefined;
    if (path.length > bounds.traitDepth) return fault(["traits"], `nested more than ${bounds.traitDepth} levels deep`);
    for (const [key, member] of Object.entries(value)) {
      const found = nameFault(key, path) ?? look(member, [...path, key]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return look(traits, ["traits"]);
}

/**
 * Judges traits by their schema: everything that is wrong at once, in the order
 * of the schema, each on the element it belongs to; or, if nothing is, the
 * identifiers and addresses in them. An unknown trait is named itself.
 */
export function validateTraits(schema: IdentitySchema, traits: JsonObject): TraitsVerdict {
  const barred = unreasonable(traits);
  if (barred !== undefined) return { kind: "invalid", messages: [barred] };
  if (!schema.check({ traits })) return { kind: "invalid", messages: faultMessages(schema, schema.check.errors ?? []) };
  const { messages: wrong, ...uses } = findUses(schema.traits, traits);
  return wrong.length > 0 ? { kind: "invalid", messages: wrong } : { kind: "valid", ...uses };
}
