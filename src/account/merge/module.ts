import { createContinuations } from "../../continuation/continuation.ts";
import { deletionStore } from "../../identity/deletions.ts";
import { createEraseAccount } from "../deletion/erase-account.ts";
import type { AccountDeps } from "../deps.ts";
import { createMustBePrivileged } from "../owner/privileged.ts";
import { createMergeOffers } from "./offers.ts";
import { createMergeService } from "./service.ts";

/** Creates the merging of two accounts of somebody. */
export const createMerging = ({ config, flows, methods, schemas, sessions, storage, trail }: AccountDeps) => {
  const { callers, store, trustedDevices } = sessions;
  const { clock, pendingAddresses } = storage;
  const { factors, urls } = flows;
  const offers = createMergeOffers({ clock, continuations: createContinuations(storage) });
  return createMergeService({
    storage: { ...storage, offers, deletions: deletionStore },
    config: config.account.merge,
    trail,
    schemas,
    sessions: {
      findLive: store.findLive,
      mustBePrivileged: createMustBePrivileged({ callers, clock, config, factors, urls }),
    },
    ends: { erase: createEraseAccount(trail), trustedDevices, pendingAddresses },
    methods: { mergings: methods.mergings, factors },
  });
};
