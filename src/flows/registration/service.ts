import { RegistrationService } from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import { createCreate } from "./create.ts";
import type { RegistrationDeps } from "./deps.ts";
import { createGet } from "./get.ts";
import type { RegistrationUpdate } from "./update.ts";

/*
 * A person signs up, in one step or in two. create, get and update are one file
 * each; what is written for a new person stands in sign-up.ts.
 */

/** Creates the RegistrationService. */
export const createRegistrationService = (deps: RegistrationDeps, { update }: RegistrationUpdate) =>
  defineService(RegistrationService, {
    createFlow: { run: createCreate(deps) },
    getFlow: { run: createGet(deps) },
    updateFlow: { run: update },
  });
