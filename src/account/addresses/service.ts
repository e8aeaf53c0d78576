import { AddressService } from "../../../gen/ostiary/address/v1/address_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import type { PendingDeps, UndoDeps } from "./deps.ts";
import { createPendingRpcs } from "./pending.ts";
import { createUndoRpcs } from "./undo.ts";

/*
 * What owners do about the addresses of their account outside flows. How one
 * begins to wait is up to the settings flow, how it is proven to verification.
 */

/** Creates the AddressService. */
export const createAddressService = (deps: { readonly pending: PendingDeps; readonly undo: UndoDeps }) => {
  const pending = createPendingRpcs(deps.pending);
  const undo = createUndoRpcs(deps.undo);
  return defineService(AddressService, {
    listPendingAddresses: { run: pending.listPendingAddresses },
    cancelPendingAddress: { run: pending.cancelPendingAddress },
    resendPendingAddress: { run: pending.resendPendingAddress },
    getAddressUndo: { run: undo.getAddressUndo },
    undoAddressChange: { run: undo.undoAddressChange },
  });
};
