import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { forbiddenNames } from "../../../lib/forbidden-names.ts";
import { isObject } from "../../../lib/json-object.ts";
import type { Mapped, VerifiedAddress } from "./mapper.ts";

const DEPTH = 16;

/**
 * Reads what a Jsonnet mapper answered: `{ identity: { traits, metadata_public,
 * metadata_admin, verified_addresses } }`. Null stands for a trait that is not
 * there. A text says what is wrong.
 */
export const readMapped = (answer: unknown): Mapped | string => {
  if (!isObject(answer) || !isObject(answer.identity)) return "the mapper must answer an object with the key identity";
  const { traits = {}, metadata_public, metadata_admin, verified_addresses = [] } = answer.identity;
  if (!isObject(traits)) return "identity.traits must be an object";
  if (!isReasonable(answer.identity, 0)) return "identity has a forbidden name in it, or is nested too deeply";
  const addresses = readAddresses(verified_addresses);
  if (addresses === undefined) return "identity.verified_addresses must be a list of { via, value }";
  return {
    traits: withoutNulls(traits),
    ...(metadata_public === undefined ? {} : { metadataPublic: metadata_public }),
    ...(metadata_admin === undefined ? {} : { metadataAdmin: metadata_admin }),
    verifiedAddresses: addresses,
  };
};

const readAddresses = (list: JsonValue): readonly VerifiedAddress[] | undefined => {
  if (list === null) return [];
  if (!Array.isArray(list)) return undefined;
  const addresses: VerifiedAddress[] = [];
  for (const entry of list) {
    if (!isObject(entry)) return undefined;
    const { via, value } = entry;
    if (typeof via !== "string" || (typeof value !== "string" && value !== null)) return undefined;
    if (value) addresses.push({ via, value });
  }
  return addresses;
};

const withoutNulls = (object: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, isObject(value) ? withoutNulls(value) : value]),
  ) as JsonObject;

const isReasonable = (value: JsonValue, depth: number): boolean => {
  if (typeof value !== "object" || value === null) return true;
  if (depth > DEPTH) return false;
  if (Array.isArray(value)) return value.every((entry) => isReasonable(entry, depth + 1));
  return Object.entries(value).every(([key, member]) => !forbiddenNames.has(key) && isReasonable(member, depth + 1));
};
