import type {
  ExportAccountRequest,
  ExportAccountResponse,
  StreamAccountExportRequest,
  StreamAccountExportResponse,
} from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { offerAsFile } from "../export/export-account.ts";
import type { OwnerDeps } from "./deps.ts";
import { createMustBePrivileged } from "./privileged.ts";

/** Owners take along what is stored about them (docs/account.md). */
export const createExportRpcs = (deps: OwnerDeps) => {
  const mustBePrivileged = createMustBePrivileged(deps.privilege);
  const gone = () => serviceError("SESSION_INACTIVE", { explain: "The account was deleted at the same time." });

  return {
    async exportAccount(_: ExportAccountRequest, call: Call): Promise<ExportAccountResponse> {
      const { identity, session } = await mustBePrivileged(call);
      const exported = await deps.exports.whole(identity.id, { call, sessionId: session.id });
      if (exported === undefined) throw gone();
      offerAsFile(call);
      return { $typeName: "ostiary.account.v1.ExportAccountResponse", export: exported };
    },

    async *streamAccountExport(_: StreamAccountExportRequest, call: Call): AsyncGenerator<StreamAccountExportResponse> {
      const { identity, session } = await mustBePrivileged(call);
      let isThere = false;
      for await (const part of deps.exports.parts(identity.id, { call, sessionId: session.id })) {
        // An error before the first part is no file.
        if (!isThere) offerAsFile(call, "account.ndjson");
        isThere = true;
        yield { $typeName: "ostiary.account.v1.StreamAccountExportResponse", part };
      }
      if (!isThere) throw gone();
    },
  };
};
