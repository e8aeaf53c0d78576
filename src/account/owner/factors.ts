import type {
  ListFactorsRequest,
  ListFactorsResponse,
  ListLinksRequest,
  ListLinksResponse,
} from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import type { Factor, Link } from "../../../gen/ostiary/account/v1/factor_pb.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { OwnedCredentials, OwnerDeps } from "./deps.ts";

/** What a person signs in with, as they know it. */
const listFactors = (identity: IdentityRecord, { kinds }: OwnedCredentials): Factor[] =>
  kinds.flatMap((kind) =>
    kind.owned(identity).map(
      ({ id, name, createdAt, remaining }): Factor => ({
        $typeName: "ostiary.account.v1.Factor",
        type: kind.type,
        id,
        name,
        ...(createdAt !== undefined && { createdAt: timestamp(createdAt) }),
        ...(remaining !== undefined && { remaining }),
      }),
    ),
  );

/** The accounts at sign-in providers that a person has linked. */
const listLinks = (identity: IdentityRecord, { links }: OwnedCredentials): Link[] =>
  links(identity).map(
    ({ provider, subject, account = "", linked_at: linkedAt }): Link => ({
      $typeName: "ostiary.account.v1.Link",
      provider,
      subject,
      account,
      ...(linkedAt !== undefined && { createdAt: timestamp(linkedAt) }),
    }),
  );

/** What a person signs in with, for themselves: read from their row alone. */
export const createFactorRpcs = ({ callers, requiredAal, owned }: OwnerDeps) => ({
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
