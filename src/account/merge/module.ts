import type { Config } from "../../config/config.ts";
import { createContinuations } from "../../continuation/continuation.ts";
import { deletionStore } from "../../identity/deletions.ts";
import type { PendingAddresses } from "../../identity/pending-addresses.ts";
import type { Aead } from "../../lib/aead.ts";
import type { Schemas } from "../../schema/sources.ts";
import { createEraseAccount } from "../deletion/erase-account.ts";
import type { PrivilegeDeps } from "../owner/deps.ts";
import { createMustBePrivileged } from "../owner/privileged.ts";
import type { OwnSessions } from "../sessions/deps.ts";
import type { MergeDeps, MergeEnds, MergeStorage, MergeTrail } from "./deps.ts";
import { createMergeOffers } from "./offers.ts";
import { createMergeService } from "./service.ts";

/** What merging accounts stands on. */
export interface MergingDeps {
  readonly config: Pick<Config, "account" | "selfservice">;
  readonly storage: Omit<MergeStorage, "offers" | "deletions"> & {
    readonly aead: Aead;
    readonly pendingAddresses: PendingAddresses;
  };
  readonly trail: MergeTrail;
  readonly schemas: Schemas;
  readonly sessions: Pick<OwnSessions, "callers" | "store"> & Pick<MergeEnds, "trustedDevices">;
  readonly urls: PrivilegeDeps["urls"];
  readonly methods: MergeDeps["methods"];
}

/** Creates the merging of two accounts of somebody. */
export const createMerging = ({ config, storage, trail, schemas, sessions, urls, methods }: MergingDeps) => {
  const { callers, store, trustedDevices } = sessions;
  const { clock, pendingAddresses } = storage;
  const offers = createMergeOffers({ clock, continuations: createContinuations(storage) });
  const { factors } = methods;
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
    methods,
  });
};
