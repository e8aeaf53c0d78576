import type { AuditLog } from "../../audit/audit-log.ts";
import type { EventDetail } from "../../audit/event-types.ts";
import type { PendingAddress } from "../../identity/pending-addresses.ts";
import type { Call } from "../../lib/call.ts";
import type { AccountStorage } from "../deps.ts";

/** What `createWaitingAddresses` needs. */
interface WaitingAddressesDeps {
  readonly storage: AccountStorage;
  readonly audit: AuditLog;
}

/** Who gives an address up, for the record. */
interface Canceller {
  /** Their session; undefined for operators. */
  readonly sessionId: string | undefined;
  readonly call: Call;
  readonly detail?: EventDetail;
}

/** The pending addresses of people. */
export interface WaitingAddresses {
  /** Those of a person whose session is live, oldest first: no other can take effect. */
  listLive(identityId: string): Promise<readonly PendingAddress[]>;
  /** Gives one of the person's up. One of somebody else, or that is none, changes nothing and shows nothing. */
  cancel(identityId: string, id: string, canceller: Canceller): Promise<void>;
}

/** Creates the `WaitingAddresses`. */
export const createWaitingAddresses = ({ storage, audit }: WaitingAddressesDeps): WaitingAddresses => {
  const { db, identities, pendingAddresses } = storage;
  return {
    listLive: (identityId) => pendingAddresses.listLive(db, identityId),

    cancel: (identityId, id, { sessionId, call, detail }) =>
      db.transaction(async (tx) => {
        await identities.lock(tx, identityId);
        if (!(await pendingAddresses.consume(tx, identityId, id))) return;
        const event = { type: "address.change_cancelled", outcome: "done", ...(detail && { detail }) } as const;
        await audit.record(tx, { identityId, sessionId, ...event }, call);
      }),
  };
};
