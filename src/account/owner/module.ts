import type { AuditLog } from "../../audit/audit-log.ts";
import type { Courier } from "../../courier/courier.ts";
import type { Database } from "../../db/sql.ts";
import { deletionStore } from "../../identity/deletions.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Jobs } from "../../jobs/engine.ts";
import { createAccountAdminService } from "../admin/service.ts";
import { createDeletions } from "../deletion/deletions.ts";
import { createEraseAccount } from "../deletion/erase-account.ts";
import { createDeletionJob } from "../deletion/job.ts";
import type { OwnerDeps } from "./deps.ts";
import { createAccountService } from "./service.ts";

/** What accounts as a whole stand on. */
export interface OwnersDeps extends Omit<OwnerDeps, "deletions"> {
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly audit: AuditLog;
  readonly courier: Courier;
  readonly jobs: Pick<Jobs, "enqueue" | "wake">;
}

/** Creates what owners do with their account as a whole, and operators for them. */
export const createOwners = (deps: OwnersDeps) => {
  const shared = { ...deps, store: deletionStore, erase: createEraseAccount(deps) };
  const deletions = createDeletions({ ...shared, config: deps.config.account.deletion });
  return {
    services: [createAccountService({ ...deps, deletions }), createAccountAdminService({ ...deps, deletions })],
    jobs: [createDeletionJob(shared)],
  };
};
