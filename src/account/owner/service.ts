import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import type { OwnerDeps } from "./deps.ts";
import { createFactorRpcs } from "./factors.ts";

/** Creates the AccountService: what owners do with their account as a whole. */
export const createAccountService = (deps: OwnerDeps) => {
  const { listFactors, listLinks } = createFactorRpcs(deps);
  return defineService(AccountService, {
    listFactors: { run: listFactors },
    listLinks: { run: listLinks },
  });
};
