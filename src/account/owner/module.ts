import { createEventLog } from "../../audit/event-log.ts";
import { deletionStore } from "../../identity/deletions.ts";
import { digestOf } from "../../lib/digest.ts";
import { createKeyring } from "../../lib/keyring.ts";
import type { WaitingAddresses } from "../addresses/waiting.ts";
import { createAccountAdminService } from "../admin/service.ts";
import { createDeletions } from "../deletion/deletions.ts";
import { createEraseAccount } from "../deletion/erase-account.ts";
import { createDeletionJob } from "../deletion/job.ts";
import type { AccountDeps } from "../deps.ts";
import { createExports } from "../export/export-account.ts";
import { createPageOf } from "./list-pages.ts";
import { createOwnedLists } from "./owned-lists.ts";
import { createAccountService } from "./service.ts";

/** Creates what owners do with their account as a whole, and operators for them. */
export const createOwners = (deps: AccountDeps, waiting: WaitingAddresses) => {
  const { config, flows, jobs, methods, schemas, sessions, trail } = deps;
  const { audit } = trail;
  const { addressUndos, clock, db, pendingAddresses } = deps.storage;
  const { callers, trustedDevices } = sessions;
  const { factors, urls } = flows;
  const storage = { ...deps.storage, store: deletionStore };
  const owned = { kinds: methods.credentials, links: methods.oidc.links };
  const erase = createEraseAccount({ audit });
  const deletions = createDeletions({ ...trail, jobs, storage, erase, config: config.account.deletion });
  const keyring = createKeyring(config.secrets.pagination.map(digestOf));
  const activity = { db, events: createEventLog(), pages: keyring.seal("page of activity") };
  const lists = {
    owned: createOwnedLists(owned, waiting),
    pageOf: createPageOf(keyring.seal("page of what somebody has")),
  };
  const exports = createExports({
    storage,
    audit,
    owned,
    schemas,
    trustedDevices,
    pendingAddresses,
    addressUndos,
    hidesAccounts: config.security.account_enumeration.mitigate,
  });
  return {
    deletions,
    lists,
    services: [
      createAccountService({
        privilege: { factors, urls, callers, clock, config },
        sessions,
        requiredAal: config.session.whoami.required_aal,
        lists,
        activity,
        deletions,
        exports,
      }),
      createAccountAdminService({ ...storage, deletions, exports, lists, waiting }),
    ],
    jobs: [createDeletionJob({ ...storage, erase })],
  };
};
