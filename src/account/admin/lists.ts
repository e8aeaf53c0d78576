import type {
  CancelIdentityPendingAddressRequest,
  CancelIdentityPendingAddressResponse,
  ListIdentityFactorsRequest,
  ListIdentityFactorsResponse,
  ListIdentityLinksRequest,
  ListIdentityLinksResponse,
  ListIdentityPendingAddressesRequest,
  ListIdentityPendingAddressesResponse,
} from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { renderPendingAddress } from "../addresses/render.ts";
import { operatorOf } from "../identities/operator-of.ts";
import type { AccountAdminDeps } from "./deps.ts";
import { createMustFind } from "./must-find.ts";

/** Operators see what somebody signs in with and their pending addresses, and cancel one of those. */
export const createAdminListRpcs = (deps: AccountAdminDeps) => {
  const { owned, pageOf } = deps.lists;
  const mustFind = createMustFind(deps);

  return {
    async listIdentityFactors(request: ListIdentityFactorsRequest): Promise<ListIdentityFactorsResponse> {
      const { entries, nextPageToken } = pageOf(owned.factors(await mustFind(request.id)), request);
      return { $typeName: "ostiary.account.v1.ListIdentityFactorsResponse", factors: entries, nextPageToken };
    },

    async listIdentityLinks(request: ListIdentityLinksRequest): Promise<ListIdentityLinksResponse> {
      const { entries, nextPageToken } = pageOf(owned.links(await mustFind(request.id)), request);
      return { $typeName: "ostiary.account.v1.ListIdentityLinksResponse", links: entries, nextPageToken };
    },

    async listIdentityPendingAddresses(
      request: ListIdentityPendingAddressesRequest,
    ): Promise<ListIdentityPendingAddressesResponse> {
      const { id } = await mustFind(request.id);
      const { entries, nextPageToken } = pageOf(await owned.pendingAddresses(id), request);
      return {
        $typeName: "ostiary.account.v1.ListIdentityPendingAddressesResponse",
        pendingAddresses: entries.map(renderPendingAddress),
        nextPageToken,
      };
    },

    async cancelIdentityPendingAddress(
      request: CancelIdentityPendingAddressRequest,
      call: Call,
    ): Promise<CancelIdentityPendingAddressResponse> {
      const { id } = await mustFind(request.id);
      const operator = { sessionId: undefined, call, detail: operatorOf(call) };
      await deps.waiting.cancel(id, request.pendingAddressId, operator);
      return { $typeName: "ostiary.account.v1.CancelIdentityPendingAddressResponse" };
    },
  };
};
