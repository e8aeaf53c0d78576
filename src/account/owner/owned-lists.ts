import type { Factor, Link } from "../../../gen/ostiary/account/v1/factor_pb.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { PendingAddress } from "../../identity/pending-addresses.ts";
import type { WaitingAddresses } from "../addresses/waiting.ts";
import type { OwnedList } from "./list-pages.ts";
import type { OwnedCredentials } from "./owned-credentials.ts";
import { listFactors, listLinks } from "./render-owned.ts";

/** What people have, as lists of which they and operators get pages. */
export interface OwnedLists {
  factors(identity: IdentityRecord): OwnedList<Factor>;
  links(identity: IdentityRecord): OwnedList<Link>;
  /** Pending addresses. */
  pendingAddresses(identityId: string): Promise<OwnedList<PendingAddress>>;
}

/** Creates the `OwnedLists`. */
export const createOwnedLists = (owned: OwnedCredentials, waiting: WaitingAddresses): OwnedLists => ({
  factors: (identity) => ({
    name: "factors",
    identityId: identity.id,
    entries: listFactors(identity, owned),
    keyOf: ({ type, id, name }) => JSON.stringify([type, id, name]),
  }),

  links: (identity) => ({
    name: "links",
    identityId: identity.id,
    entries: listLinks(identity, owned),
    keyOf: ({ provider, subject }) => JSON.stringify([provider, subject]),
  }),

  pendingAddresses: async (identityId) => ({
    name: "addresses",
    identityId,
    entries: await waiting.listLive(identityId),
    keyOf: ({ id }) => id,
  }),
});
