import { RecoveryService } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import { createCreate } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";
import { createGet } from "./get.ts";
import { createOpen } from "./open.ts";
import { createUpdate } from "./update.ts";

/*
 * Whoever lost what they sign in with proves that an address of their account
 * is theirs, and is signed in. create, get, open and update are one file each.
 */

/** Creates the RecoveryService. */
export const createRecoveryService = (deps: RecoveryDeps) =>
  defineService(RecoveryService, {
    createFlow: { run: createCreate(deps) },
    getFlow: { run: createGet(deps) },
    updateFlow: { run: createUpdate(deps) },
    openLink: { run: createOpen(deps) },
  });
