import type { CreatedVerification } from "../../hooks/phases.ts";
import type { PendingAddress } from "../../identity/pending-addresses.ts";
import type { Call } from "../../lib/call.ts";
import type { Caller } from "../../session/caller.ts";
import { requestUrlOf } from "../shared/request.ts";
import { type BeginDeps, createBegin } from "./begin.ts";

/** Sends another message to a pending address, with a verification flow of its own. @throws RATE_LIMITED */
export type ResendPendingAddress = (
  caller: Caller,
  pending: PendingAddress,
  call: Call,
) => Promise<CreatedVerification>;

/** Creates the function; see `ResendPendingAddress`. */
export const createResend = (deps: BeginDeps): ResendPendingAddress => {
  const {
    storage: { db, identities },
    destinations: { urls },
    challenge: { challenges, courier },
  } = deps;
  const begin = createBegin(deps);

  return async (caller, { id: pendingId, via, value, isTaken: isSilent }, call) => {
    const { credential, identity: owner } = caller;
    const address = { via, value };
    const changed = { identityId: owner.id, about: "address_change" } as const;
    await challenges.request(call, { addresses: [address], changed });
    const type = credential.by === "cookie" ? "browser" : "api";
    const requestUrl = requestUrlOf(call, urls.init("verification", type));
    const created = await db.transaction(async (tx) => {
      await identities.lockActive(tx, owner.id);
      return begin(tx, {
        type,
        requestUrl,
        returnTo: undefined,
        call,
        owner,
        address,
        transientPayload: undefined,
        pendingId,
        isSilent,
      });
    });
    courier.wake();
    return created;
  };
};
