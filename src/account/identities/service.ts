import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import { createBatch } from "./batch.ts";
import { createCreate } from "./create.ts";
import { createDeletions } from "./delete.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { createImport } from "./import.ts";
import { createList } from "./list.ts";
import { createPatch } from "./patch.ts";
import { createReads } from "./read.ts";
import { createUpdate } from "./update.ts";

/*
 * What operators do with identities, one file for each. They pass the checks
 * that owners must pass, and are held to the same schema.
 */

/** Creates the IdentityAdminService. */
export const createIdentityAdminService = (deps: IdentityAdminDeps) => {
  const { getIdentity, getIdentityByExternalId } = createReads(deps);
  const { createIdentity, make, prepare } = createCreate(deps);
  const { deleteIdentity, deleteCredential } = createDeletions(deps);
  return defineService(IdentityAdminService, {
    listIdentities: { run: createList(deps) },
    createIdentity: { run: createIdentity },
    getIdentity: { run: getIdentity },
    getIdentityByExternalId: { run: getIdentityByExternalId },
    updateIdentity: { run: createUpdate(deps) },
    patchIdentity: { run: createPatch(deps) },
    batchPatchIdentities: { run: createBatch(make) },
    importIdentities: createImport(deps, prepare),
    deleteIdentity: { run: deleteIdentity },
    deleteCredential: { run: deleteCredential },
  });
};
