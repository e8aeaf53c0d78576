import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import { createListActivity } from "./activity.ts";
import { createDeletionRpcs } from "./deletion.ts";
import type { OwnerDeps } from "./deps.ts";
import { createExportRpcs } from "./export.ts";
import { createFactorRpcs } from "./factors.ts";

/** Creates the AccountService: what owners do with their account as a whole. */
export const createAccountService = (deps: OwnerDeps) => {
  const { listFactors, listLinks } = createFactorRpcs(deps);
  const { getDeletion, requestDeletion, cancelDeletion, undoDeletion } = createDeletionRpcs(deps);
  const { exportAccount, streamAccountExport } = createExportRpcs(deps);
  return defineService(AccountService, {
    listFactors: { run: listFactors },
    listLinks: { run: listLinks },
    listActivity: { run: createListActivity(deps) },
    exportAccount: { run: exportAccount },
    streamAccountExport: { send: streamAccountExport },
    getDeletion: { run: getDeletion },
    requestDeletion: { run: requestDeletion },
    cancelDeletion: { run: cancelDeletion },
    undoDeletion: { run: undoDeletion },
  });
};
