import type { JsonObject } from "@bufbuild/protobuf";
import type { IdentityRecord, NormalisedAddress, ValidTraits } from "../../identity/identity.ts";
import { hasAddress } from "../../identity/same-address.ts";
import type { Wanted } from "../../identity/store.ts";
import { applyPatch, type TraitPatch } from "../../identity/trait-patch.ts";
import type { Schemas } from "../../schema/sources.ts";
import { validateTraits } from "../../schema/validate.ts";

/**
 * The traits of a person with a pending address; undefined where they no longer stand as they did, or would not
 * fit the schema.
 */
export const pendingTraits = (
  schemas: Schemas,
  { schemaId, traits }: IdentityRecord,
  patches: readonly TraitPatch[],
): ValidTraits | undefined => {
  const patched = patches.reduce<JsonObject | undefined>((at, patch) => at && applyPatch(at, patch), traits);
  const valid = patched && validateTraits(schemas.must(schemaId), patched);
  return valid?.kind === "valid" ? valid : undefined;
};

/** The identifiers and addresses in traits that a person has not yet. */
export const newUsesOf = (before: IdentityRecord, { identifiers, verifiable, recovery }: ValidTraits): Wanted => {
  const isNew = (known: readonly NormalisedAddress[]) => (one: NormalisedAddress) => !hasAddress(known, one);
  return {
    identifiers: Object.fromEntries(
      Object.entries(identifiers).map(([type, list]) => [
        type,
        list.filter((one) => !before.credentials[type]?.identifiers.includes(one)),
      ]),
    ),
    verifiable: verifiable.filter(isNew(before.verifiable)),
    recovery: recovery.filter(isNew(before.recovery)),
  };
};
