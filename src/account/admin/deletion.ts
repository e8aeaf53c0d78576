import type {
  CancelIdentityDeletionRequest,
  CancelIdentityDeletionResponse,
  GetIdentityDeletionRequest,
  GetIdentityDeletionResponse,
  RequestIdentityDeletionRequest,
  RequestIdentityDeletionResponse,
} from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { parseUuid, uuidText } from "../../lib/ids.ts";
import { renderDeletion } from "../deletion/render.ts";
import { operatorOf } from "../identities/operator-of.ts";
import { noIdentity } from "../identities/read.ts";
import type { AccountAdminDeps } from "./deps.ts";

/** Operators delete the account of somebody for them, and keep it after all. */
export const createAdminDeletionRpcs = ({ db, deletions, identities }: AccountAdminDeps) => {
  /** The id of a person who is there, as it is stored. @throws NOT_FOUND */
  const mustExist = async (id: string): Promise<string> => {
    const bytes = parseUuid(id);
    if (bytes === undefined || (await identities.find(db, id)) === undefined) throw noIdentity();
    return uuidText(bytes);
  };

  return {
    async getIdentityDeletion({ id }: GetIdentityDeletionRequest): Promise<GetIdentityDeletionResponse> {
      const found = await deletions.find(await mustExist(id));
      return {
        $typeName: "ostiary.account.v1.GetIdentityDeletionResponse",
        ...(found && { deletion: renderDeletion(found) }),
      };
    },

    async requestIdentityDeletion(
      { id }: RequestIdentityDeletionRequest,
      call: Call,
    ): Promise<RequestIdentityDeletionResponse> {
      const requester = { by: "operator", call, detail: operatorOf(call) } as const;
      const requested = await deletions.request(await mustExist(id), requester);
      if (requested.kind === "unknown") throw noIdentity();
      return {
        $typeName: "ostiary.account.v1.RequestIdentityDeletionResponse",
        ...(requested.kind === "waits" && { deletion: renderDeletion(requested.deletion) }),
      };
    },

    async cancelIdentityDeletion(
      { id }: CancelIdentityDeletionRequest,
      call: Call,
    ): Promise<CancelIdentityDeletionResponse> {
      await deletions.cancel(await mustExist(id), { by: "operator", call, detail: operatorOf(call) });
      return { $typeName: "ostiary.account.v1.CancelIdentityDeletionResponse" };
    },
  };
};
