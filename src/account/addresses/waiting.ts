import type { AuditLog } from "../../audit/audit-log.ts";
import type { EventDetail } from "../../audit/event-types.ts";
import type { PendingAddress } from "../../identity/pending-addresses.ts";
import type { Call } from "../../lib/call.ts";
import type { SessionStore } from "../../session/store.ts";
import type { AccountStorage } from "../deps.ts";

/** What `createWaitingAddresses` needs. */
interface WaitingAddressesDeps {
  readonly storage: AccountStorage;
  readonly audit: AuditLog;
  readonly findLive: SessionStore["findLive"];
}

/** Who gives an address up, for the record. */
interface Canceller {
  /** Their session; undefined for operators. */
  readonly sessionId: string | undefined;
  readonly call: Call;
  readonly detail?: EventDetail;
}

/** The addresses of people that wait for their proof. */
export interface WaitingAddresses {
  /** Those of a person whose session is live, oldest first: no other can take effect. */
  listLive(identityId: string): Promise<readonly PendingAddress[]>;
  /** Gives one of the person's up. One of somebody else, or that is none, changes nothing and shows nothing. */
  cancel(identityId: string, id: string, canceller: Canceller): Promise<void>;
}

/** Creates the `WaitingAddresses`. */
export const createWaitingAddresses = ({ storage, audit, findLive }: WaitingAddressesDeps): WaitingAddresses => {
  const { clock, db, identities, pendingAddresses } = storage;
  return {
    async listLive(identityId) {
      const all = await pendingAddresses.list(db, identityId);
      const live = new Set<string>();
      for (const id of new Set(all.map(({ sessionId }) => sessionId)))
        if (await findLive(db, { id, identityId }, clock.now())) live.add(id);
      return all.filter(({ sessionId }) => live.has(sessionId));
    },

    cancel: (identityId, id, { sessionId, call, detail }) =>
      db.transaction(async (tx) => {
        await identities.lock(tx, identityId);
        if (!(await pendingAddresses.consume(tx, identityId, id))) return;
        const event = { type: "address.change_cancelled", outcome: "done", ...(detail && { detail }) } as const;
        await audit.record(tx, { identityId, sessionId, ...event }, call);
      }),
  };
};
