import type {
  ListFactorsRequest,
  ListFactorsResponse,
  ListLinksRequest,
  ListLinksResponse,
} from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import type { OwnerDeps } from "./deps.ts";
import { listFactors, listLinks } from "./render-owned.ts";

/** What a person signs in with, for themselves: read from their row alone. */
export const createFactorRpcs = ({ sessions: { callers }, requiredAal, owned }: OwnerDeps) => ({
  async listFactors(_: ListFactorsRequest, call: Call): Promise<ListFactorsResponse> {
    const caller = await callers.must(call);
    callers.mustSatisfyAal(caller, requiredAal);
    return { $typeName: "ostiary.account.v1.ListFactorsResponse", factors: listFactors(caller.identity, owned) };
  },

  async listLinks(_: ListLinksRequest, call: Call): Promise<ListLinksResponse> {
    const caller = await callers.must(call);
    callers.mustSatisfyAal(caller, requiredAal);
    return { $typeName: "ostiary.account.v1.ListLinksResponse", links: listLinks(caller.identity, owned) };
  },
});
