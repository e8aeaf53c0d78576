import type { AuditLog } from "../../audit/audit-log.ts";
import { createEventLog } from "../../audit/event-log.ts";
import type { Config } from "../../config/config.ts";
import type { Courier } from "../../courier/courier.ts";
import type { Database } from "../../db/sql.ts";
import { deletionStore } from "../../identity/deletions.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Jobs } from "../../jobs/engine.ts";
import { digestOf } from "../../lib/digest.ts";
import { createKeyring } from "../../lib/keyring.ts";
import { createAccountAdminService } from "../admin/service.ts";
import { createDeletions } from "../deletion/deletions.ts";
import { createEraseAccount } from "../deletion/erase-account.ts";
import { createDeletionJob } from "../deletion/job.ts";
import { createExportAccount, type ExportDeps } from "../export/export-account.ts";
import type { OwnerDeps } from "./deps.ts";
import { createAccountService } from "./service.ts";

/** What accounts as a whole stand on. */
export interface OwnersDeps
  extends Omit<OwnerDeps, "activity" | "deletions" | "exportAccount">,
    Pick<ExportDeps, "schemas" | "trustedDevices"> {
  readonly config: OwnerDeps["config"] & Pick<Config, "secrets">;
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
  const activity = {
    db: deps.db,
    events: createEventLog(),
    pages: createKeyring(deps.config.secrets.pagination.map(digestOf)).seal("page of activity"),
  };
  const rpcs = { ...deps, activity, deletions, exportAccount: createExportAccount(shared) };
  return {
    services: [createAccountService(rpcs), createAccountAdminService(rpcs)],
    jobs: [createDeletionJob(shared)],
  };
};
