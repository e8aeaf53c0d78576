import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { NewVerifiableAddress } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import { type AddressState, addressStatuses } from "../../identity/identity.ts";
import { normaliseAddress } from "../../schema/normalise.ts";

/** What an operator says of addresses, by their normalised values. @throws INVALID_FIELD */
export const addressStates = (given: readonly NewVerifiableAddress[]): readonly AddressState[] =>
  given.map(({ value, via, verified, status, verifiedAt }, index) => {
    const known = addressStatuses.find((each) => each === status);
    if (known === undefined && status !== "")
      throw serviceError("INVALID_FIELD", {
        field: `verifiable_addresses.${index}.status`,
        explain: `The status of an address is one of ${addressStatuses.join(", ")}.`,
      });
    return {
      via,
      value: normaliseAddress(via, value),
      verified,
      status: known ?? (verified ? "completed" : "pending"),
      verifiedAt: verifiedAt && timestampDate(verifiedAt).toISOString(),
    };
  });
