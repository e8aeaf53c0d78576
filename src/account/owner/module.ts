import { createEventLog } from "../../audit/event-log.ts";
import type { Config } from "../../config/config.ts";
import { deletionStore } from "../../identity/deletions.ts";
import { digestOf } from "../../lib/digest.ts";
import { createKeyring } from "../../lib/keyring.ts";
import type { WaitingAddresses } from "../addresses/waiting.ts";
import { createAccountAdminService } from "../admin/service.ts";
import { createDeletions, type DeletionStorage, type DeletionsDeps } from "../deletion/deletions.ts";
import { createEraseAccount } from "../deletion/erase-account.ts";
import { createDeletionJob } from "../deletion/job.ts";
import type { ExportDeps } from "../export/deps.ts";
import { createExports } from "../export/export-account.ts";
import type { OwnerDeps, PrivilegeDeps } from "./deps.ts";
import { createPageOf } from "./list-pages.ts";
import type { OwnedCredentials } from "./owned-credentials.ts";
import { createOwnedLists } from "./owned-lists.ts";
import { createAccountService } from "./service.ts";

/** What accounts as a whole stand on. */
export interface OwnersDeps {
  readonly storage: Omit<DeletionStorage, "store"> & Pick<ExportDeps, "pendingAddresses" | "addressUndos">;
  readonly log: Pick<DeletionsDeps, "audit" | "courier" | "jobs" | "messages">;
  readonly config: PrivilegeDeps["config"] & Pick<Config, "secrets">;
  readonly schemas: ExportDeps["schemas"];
  readonly sessions: OwnerDeps["sessions"] & Pick<ExportDeps, "trustedDevices">;
  readonly privilege: Pick<PrivilegeDeps, "factors" | "urls">;
  readonly owned: OwnedCredentials & { readonly waiting: WaitingAddresses };
  readonly requiredAal: OwnerDeps["requiredAal"];
}

/** Creates what owners do with their account as a whole, and operators for them. */
export const createOwners = ({
  storage,
  log,
  config,
  schemas,
  sessions,
  privilege,
  owned,
  requiredAal,
}: OwnersDeps) => {
  const { audit } = log;
  const { addressUndos, clock, db, pendingAddresses } = storage;
  const { callers, trustedDevices } = sessions;
  const stored = { ...storage, store: deletionStore };
  const erase = createEraseAccount({ audit });
  const deletions = createDeletions({ ...log, storage: stored, erase, config: config.account.deletion });
  const keyring = createKeyring(config.secrets.pagination.map(digestOf));
  const activity = { db, events: createEventLog(), pages: keyring.seal("page of activity") };
  const lists = {
    owned: createOwnedLists(owned, owned.waiting),
    pageOf: createPageOf(keyring.seal("page of what somebody has")),
  };
  const exports = createExports({
    storage: stored,
    audit,
    owned,
    schemas,
    trustedDevices,
    pendingAddresses,
    addressUndos,
  });
  return {
    deletions,
    lists,
    services: [
      createAccountService({
        privilege: { ...privilege, callers, clock, config },
        sessions,
        requiredAal,
        lists,
        activity,
        deletions,
        exports,
      }),
      createAccountAdminService({ ...storage, deletions, exports, lists, waiting: owned.waiting }),
    ],
    jobs: [createDeletionJob({ ...stored, erase })],
  };
};
