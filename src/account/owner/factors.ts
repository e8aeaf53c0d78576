import type {
  ListFactorsRequest,
  ListFactorsResponse,
  ListLinksRequest,
  ListLinksResponse,
} from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import type { OwnerDeps } from "./deps.ts";

/** What a person signs in with, for themselves: read from their row alone. */
export const createFactorRpcs = ({ sessions: { callers }, requiredAal, lists }: OwnerDeps) => ({
  async listFactors(request: ListFactorsRequest, call: Call): Promise<ListFactorsResponse> {
    const caller = await callers.mustBeAt(call, requiredAal);
    const { entries, nextPageToken } = lists.pageOf(lists.owned.factors(caller.identity), request);
    return { $typeName: "ostiary.account.v1.ListFactorsResponse", factors: entries, nextPageToken };
  },

  async listLinks(request: ListLinksRequest, call: Call): Promise<ListLinksResponse> {
    const caller = await callers.mustBeAt(call, requiredAal);
    const { entries, nextPageToken } = lists.pageOf(lists.owned.links(caller.identity), request);
    return { $typeName: "ostiary.account.v1.ListLinksResponse", links: entries, nextPageToken };
  },
});
