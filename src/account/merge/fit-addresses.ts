import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { IdentityRecord, NormalisedAddress, ValidTraits } from "../../identity/identity.ts";
import { hasAddress } from "../../identity/same-address.ts";
import { type AddressList, findAddressLists } from "../../schema/address-lists.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { validateTraits } from "../../schema/validate.ts";

/** Traits with as many further addresses as they can hold. */
export interface FittedAddresses {
  /** Undefined: none of them came in. */
  readonly traits: ValidTraits | undefined;
  /** Those that came in. */
  readonly fitted: readonly NormalisedAddress[];
}

/** Adds addresses to the lists that the schema has for them, where the traits hold with them. */
export const fitAddresses = (
  { traits }: Pick<IdentityRecord, "traits">,
  schema: IdentitySchema,
  addresses: readonly NormalisedAddress[],
): FittedAddresses => {
  const lists = findAddressLists(schema.traits);
  return addresses.reduce<FittedAddresses>(
    (before, address) => {
      const current = before.traits?.traits ?? traits;
      const places = lists.filter(({ via }) => via === address.via);
      for (const place of places) {
        const valid = withAddress(current, schema, place, address);
        if (valid !== undefined) return { traits: valid, fitted: [...before.fitted, address] };
      }
      return before;
    },
    { traits: undefined, fitted: [] },
  );
};

const withAddress = (
  traits: JsonObject,
  schema: IdentitySchema,
  { path }: AddressList,
  { via, value }: NormalisedAddress,
): ValidTraits | undefined => {
  const longer = append(traits, path, value);
  const verdict = longer && validateTraits(schema, longer);
  if (verdict?.kind !== "valid") return undefined;
  const all = [...verdict.verifiable, ...verdict.recovery];
  return hasAddress(all, { via, value }) ? verdict : undefined;
};

/** A copy with one more entry in a list; undefined where something else stands in its place. */
const append = (into: JsonObject, [key = "", ...rest]: readonly string[], value: string): JsonObject | undefined => {
  const old: JsonValue | undefined = Object.hasOwn(into, key) ? into[key] : undefined;
  if (rest.length === 0) {
    if (old !== undefined && !Array.isArray(old)) return undefined;
    return { ...into, [key]: [...(old ?? []), value] };
  }
  if (old !== undefined && (typeof old !== "object" || old === null || Array.isArray(old))) return undefined;
  const inner = append(old ?? {}, rest, value);
  return inner && { ...into, [key]: inner };
};
