import type { NormalisedAddress } from "./identity.ts";

/** Whether two addresses are one: the same value by the same channel. */
export const isSameAddress = (one: NormalisedAddress, other: NormalisedAddress): boolean =>
  one.via === other.via && one.value === other.value;

/** Whether an address is among these. */
export const hasAddress = (addresses: readonly NormalisedAddress[], address: NormalisedAddress): boolean =>
  addresses.some((each) => isSameAddress(each, address));
