import type { AddressUndo } from "../../identity/address-undos.ts";
import type { Change, IdentityRecord, NormalisedAddress } from "../../identity/identity.ts";
import { hasAddress } from "../../identity/same-address.ts";
import { holdBack, restorePlace } from "../../identity/trait-patch.ts";
import { findAddressPlaces } from "../../schema/addresses.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { validateTraits } from "../../schema/validate.ts";

/**
 * What brings the addresses of a person back to what they were before a change:
 * those that came with it or since go, the one that was removed returns as it
 * was, and all other traits stay. Undefined: the schema does not allow that.
 */
export const restoreAddresses = (
  { traits: current }: IdentityRecord,
  { address, verifiable, traits: earlier }: AddressUndo,
  schema: IdentitySchema,
): Change | undefined => {
  const isOf = (list: readonly NormalisedAddress[]) => (place: NormalisedAddress) => hasAddress(list, place);
  const strange = findAddressPlaces(schema.traits, current).filter((place) => !isOf(verifiable)(place));
  const held = holdBack(
    earlier,
    current,
    strange.map(({ path }) => path),
  );
  const traits = findAddressPlaces(schema.traits, earlier)
    .filter(isOf([address]))
    .reduce((restored, { path }) => restorePlace(restored, earlier, path), held.traits);
  const valid = validateTraits(schema, traits);
  if (valid.kind === "invalid") return undefined;
  const { via, value, verified, status, verified_at: verifiedAt } = address;
  return { traits: valid, addresses: [{ via, value, verified, status, verifiedAt }] };
};
