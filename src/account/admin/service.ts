import { AccountAdminService } from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import { createAdminDeletionRpcs } from "./deletion.ts";
import type { AccountAdminDeps } from "./deps.ts";
import { createAdminExportRpcs } from "./export.ts";
import { createAdminListRpcs } from "./lists.ts";

/** Creates the AccountAdminService: what operators do with accounts for their owners. */
export const createAccountAdminService = (deps: AccountAdminDeps) => {
  const { getIdentityDeletion, requestIdentityDeletion, cancelIdentityDeletion } = createAdminDeletionRpcs(deps);
  const { exportIdentityAccount, streamIdentityAccountExport } = createAdminExportRpcs(deps);
  const lists = createAdminListRpcs(deps);
  return defineService(AccountAdminService, {
    listIdentityFactors: { run: lists.listIdentityFactors },
    listIdentityLinks: { run: lists.listIdentityLinks },
    listIdentityPendingAddresses: { run: lists.listIdentityPendingAddresses },
    cancelIdentityPendingAddress: { run: lists.cancelIdentityPendingAddress },
    exportIdentityAccount: { run: exportIdentityAccount },
    streamIdentityAccountExport: { send: streamIdentityAccountExport },
    getIdentityDeletion: { run: getIdentityDeletion },
    requestIdentityDeletion: { run: requestIdentityDeletion },
    cancelIdentityDeletion: { run: cancelIdentityDeletion },
  });
};
