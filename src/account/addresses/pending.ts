import type {
  CancelPendingAddressRequest,
  CancelPendingAddressResponse,
  ListPendingAddressesRequest,
  ListPendingAddressesResponse,
  ResendPendingAddressRequest,
  ResendPendingAddressResponse,
} from "../../../gen/ostiary/address/v1/address_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { PendingAddress } from "../../identity/pending-addresses.ts";
import type { Call } from "../../lib/call.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { PendingDeps } from "./deps.ts";

/** The addresses of a person that wait for their proof: to see them, to give them up, to have another message. */
export const createPendingRpcs = (deps: PendingDeps) => {
  const {
    storage: { clock, db, identities, pendingAddresses },
    audit,
    callers,
    findLive,
    requiredAal,
    resendPending,
  } = deps;

  const mustBeCaller = async (call: Call) => {
    const caller = await callers.must(call);
    callers.mustSatisfyAal(caller, requiredAal);
    return caller;
  };

  /** Those whose session is live. */
  const listLive = async (identityId: string): Promise<readonly PendingAddress[]> => {
    const all = await pendingAddresses.list(db, identityId);
    const live = new Set<string>();
    for (const id of new Set(all.map(({ sessionId }) => sessionId)))
      if (await findLive(db, { id, identityId }, clock.now())) live.add(id);
    return all.filter(({ sessionId }) => live.has(sessionId));
  };

  return {
    async listPendingAddresses(_: ListPendingAddressesRequest, call: Call): Promise<ListPendingAddressesResponse> {
      const { identity } = await mustBeCaller(call);
      const found = await listLive(identity.id);
      return {
        $typeName: "ostiary.address.v1.ListPendingAddressesResponse",
        pendingAddresses: found.map(({ id, via, value, createdAt, expiresAt }) => ({
          $typeName: "ostiary.address.v1.PendingAddress",
          id,
          via,
          value,
          createdAt: timestamp(createdAt),
          expiresAt: timestamp(expiresAt),
        })),
      };
    },

    async cancelPendingAddress({ id }: CancelPendingAddressRequest, call: Call): Promise<CancelPendingAddressResponse> {
      const { identity, session } = await mustBeCaller(call);
      // Scoped to the caller: another person's id changes nothing and shows nothing.
      await db.transaction(async (tx) => {
        await identities.lock(tx, identity.id);
        if (!(await pendingAddresses.take(tx, identity.id, id))) return;
        const event = { type: "address.change_cancelled", outcome: "done" } as const;
        await audit.record(tx, { identityId: identity.id, sessionId: session.id, ...event }, call);
      });
      return { $typeName: "ostiary.address.v1.CancelPendingAddressResponse" };
    },

    async resendPendingAddress({ id }: ResendPendingAddressRequest, call: Call): Promise<ResendPendingAddressResponse> {
      const caller = await mustBeCaller(call);
      const live = await listLive(caller.identity.id);
      const pending = live.find((each) => each.id === id.toLowerCase());
      if (pending === undefined || resendPending === undefined)
        throw serviceError("NOT_FOUND", { field: "id", explain: "No address waits under this id." });
      const { flowId, url } = await resendPending(caller, pending, call);
      return {
        $typeName: "ostiary.address.v1.ResendPendingAddressResponse",
        flow: flowId,
        redirectBrowserTo: url ?? "",
      };
    },
  };
};
