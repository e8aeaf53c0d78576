import type {
  CancelIdentityDeletionRequest,
  CancelIdentityDeletionResponse,
  GetIdentityDeletionRequest,
  GetIdentityDeletionResponse,
  RequestIdentityDeletionRequest,
  RequestIdentityDeletionResponse,
} from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { renderDeletion } from "../deletion/render.ts";
import { operatorOf } from "../identities/operator-of.ts";
import { noIdentity } from "../identities/read.ts";
import type { AccountAdminDeps } from "./deps.ts";
import { createMustFind } from "./must-find.ts";

/** Operators delete the account of somebody for them, and keep it after all. */
export const createAdminDeletionRpcs = (deps: AccountAdminDeps) => {
  const { deletions } = deps;
  const mustFind = createMustFind(deps);

  return {
    async getIdentityDeletion({ id }: GetIdentityDeletionRequest): Promise<GetIdentityDeletionResponse> {
      const found = await deletions.find((await mustFind(id)).id);
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
      const requested = await deletions.request((await mustFind(id)).id, requester);
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
      await deletions.cancel((await mustFind(id)).id, { by: "operator", call, detail: operatorOf(call) });
      return { $typeName: "ostiary.account.v1.CancelIdentityDeletionResponse" };
    },
  };
};
