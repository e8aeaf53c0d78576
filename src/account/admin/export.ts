import type {
  ExportIdentityAccountRequest,
  ExportIdentityAccountResponse,
  StreamIdentityAccountExportRequest,
  StreamIdentityAccountExportResponse,
} from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { parseUuid, uuidText } from "../../lib/ids.ts";
import { offerAsFile } from "../export/export-account.ts";
import { operatorOf } from "../identities/operator-of.ts";
import { noIdentity } from "../identities/read.ts";
import type { AccountAdminDeps } from "./deps.ts";

/** Operators export what is stored about somebody, for them. */
export const createAdminExportRpcs = ({ exports }: AccountAdminDeps) => ({
  async exportIdentityAccount(
    { id }: ExportIdentityAccountRequest,
    call: Call,
  ): Promise<ExportIdentityAccountResponse> {
    const bytes = parseUuid(id);
    const exported = bytes && (await exports.whole(uuidText(bytes), { call, detail: operatorOf(call) }));
    if (exported === undefined) throw noIdentity();
    offerAsFile(call);
    return { $typeName: "ostiary.account.v1.ExportIdentityAccountResponse", export: exported };
  },

  async *streamIdentityAccountExport(
    { id }: StreamIdentityAccountExportRequest,
    call: Call,
  ): AsyncGenerator<StreamIdentityAccountExportResponse> {
    const bytes = parseUuid(id);
    if (bytes === undefined) throw noIdentity();
    let isThere = false;
    for await (const part of exports.parts(uuidText(bytes), { call, detail: operatorOf(call) })) {
      // An error before the first part is no file.
      if (!isThere) offerAsFile(call, "account.ndjson");
      isThere = true;
      yield { $typeName: "ostiary.account.v1.StreamIdentityAccountExportResponse", part };
    }
    if (!isThere) throw noIdentity();
  },
});
