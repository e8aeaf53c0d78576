import type {
  CancelPendingAddressRequest,
  CancelPendingAddressResponse,
  ListPendingAddressesRequest,
  ListPendingAddressesResponse,
  ResendPendingAddressRequest,
  ResendPendingAddressResponse,
} from "../../../gen/ostiary/address/v1/address_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { PendingDeps } from "./deps.ts";
import { renderPendingAddress } from "./render.ts";

/** Creates the RPCs about pending addresses: list them, cancel one, send another message. */
export const createPendingRpcs = ({ callers, lists, requiredAal, resendPending, waiting }: PendingDeps) => {
  const mustBeCaller = (call: Call) => callers.mustBeAt(call, requiredAal);

  return {
    async listPendingAddresses(
      request: ListPendingAddressesRequest,
      call: Call,
    ): Promise<ListPendingAddressesResponse> {
      const { identity } = await mustBeCaller(call);
      const { entries, nextPageToken } = lists.pageOf(await lists.owned.pendingAddresses(identity.id), request);
      return {
        $typeName: "ostiary.address.v1.ListPendingAddressesResponse",
        pendingAddresses: entries.map(renderPendingAddress),
        nextPageToken,
      };
    },

    async cancelPendingAddress({ id }: CancelPendingAddressRequest, call: Call): Promise<CancelPendingAddressResponse> {
      const { identity, session } = await mustBeCaller(call);
      await waiting.cancel(identity.id, id, { sessionId: session.id, call });
      return { $typeName: "ostiary.address.v1.CancelPendingAddressResponse" };
    },

    async resendPendingAddress({ id }: ResendPendingAddressRequest, call: Call): Promise<ResendPendingAddressResponse> {
      const caller = await mustBeCaller(call);
      const live = await waiting.listLive(caller.identity.id);
      const pending = live.find((each) => each.id === id.toLowerCase());
      if (pending === undefined || resendPending === undefined)
        throw serviceError("NOT_FOUND", { field: "id", explain: "There is no pending address with this id." });
      const { flowId, url } = await resendPending(caller, pending, call);
      return {
        $typeName: "ostiary.address.v1.ResendPendingAddressResponse",
        flow: flowId,
        redirectBrowserTo: url ?? "",
      };
    },
  };
};
