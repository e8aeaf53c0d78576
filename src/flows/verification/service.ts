import { VerificationService } from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import { createCreate } from "./create.ts";
import type { VerificationDeps } from "./deps.ts";
import { createGet } from "./get.ts";
import { createOpen } from "./open.ts";
import { createUpdate } from "./update.ts";

/*
 * A person proves that they read what is sent to an address of theirs. create,
 * get, open and update are one file each. Nobody is signed in by it.
 */

/** Creates the VerificationService. */
export const createVerificationService = (deps: VerificationDeps) =>
  defineService(VerificationService, {
    createFlow: { run: createCreate(deps) },
    getFlow: { run: createGet(deps) },
    updateFlow: { run: createUpdate(deps) },
    openLink: { run: createOpen(deps) },
  });
