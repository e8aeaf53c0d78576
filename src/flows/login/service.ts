import { LoginService } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import { createCreate } from "./create.ts";
import type { LoginDeps } from "./deps.ts";
import { createGet } from "./get.ts";
import type { LoginUpdate } from "./update.ts";

/*
 * A person signs in, authenticates again, or raises their level. create,
 * get and update are one file each; what is written once they are authenticated
 * stands in sign-in.ts.
 */

/** Creates the LoginService. */
export const createLoginService = (deps: LoginDeps, { update }: LoginUpdate) =>
  defineService(LoginService, {
    createFlow: { run: createCreate(deps) },
    getFlow: { run: createGet(deps) },
    updateFlow: { run: update },
  });
