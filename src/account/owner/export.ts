import type {
  ExportAccountRequest,
  ExportAccountResponse,
} from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { offerAsFile } from "../export/export-account.ts";
import type { OwnerDeps } from "./deps.ts";
import { createMustBePrivileged } from "./privileged.ts";

/** Owners take along what is stored about them (docs/account.md). */
export const createExportRpc = (deps: OwnerDeps) => {
  const mustBePrivileged = createMustBePrivileged(deps.privilege);
  return async (_: ExportAccountRequest, call: Call): Promise<ExportAccountResponse> => {
    const { identity, session } = await mustBePrivileged(call);
    const exported = await deps.exportAccount(identity.id, { call, sessionId: session.id });
    if (exported === undefined)
      throw serviceError("SESSION_INACTIVE", { explain: "The account was deleted at the same time." });
    offerAsFile(call);
    return { $typeName: "ostiary.account.v1.ExportAccountResponse", export: exported };
  };
};
