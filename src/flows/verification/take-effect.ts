import type { Sql } from "../../db/sql.ts";
import type { WrittenContext } from "../../hooks/phases.ts";
import { ConcurrentChangeError } from "../../identity/concurrent-change.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { PendingAddress } from "../../identity/pending-addresses.ts";
import type { Call } from "../../lib/call.ts";
import type { SessionRecord } from "../../session/session.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { VerificationDeps } from "./deps.ts";
import { pendingTraits } from "./pending-traits.ts";

/** An address that was proven and takes effect with that, and the session that asked for it. */
export interface ProvenAddress {
  readonly pending: PendingAddress;
  readonly session: SessionRecord;
  /** The person with it. */
  readonly change: Change;
}

/** Has pending addresses take effect. */
export interface TakeEffect {
  /** The pending address of an id; undefined where there is none, or it can no longer take effect. */
  find(before: IdentityRecord, id: string): Promise<ProvenAddress | undefined>;
  /**
   * Writes that it is in effect, and runs the hooks of the settings form that asked for it, in the transaction of
   * the change. @throws ConcurrentChangeError
   */
  write(tx: Sql, proven: ProvenAddress, people: People, call: Call, flow: FlowRecord): Promise<WrittenContext>;
}

/** The person before and after. */
interface People {
  readonly before: IdentityRecord;
  readonly after: IdentityRecord;
}

/** Creates the function; see `TakeEffect`. */
export const createTakeEffect = (deps: VerificationDeps): TakeEffect => {
  const {
    storage: { db, flows, pendingAddresses },
    trail: { audit },
    forms: { hookFlow, schemas },
    verification: { findSession, settingsHooks },
  } = deps;

  return {
    find: async (before, id) => {
      const pending = await pendingAddresses.find(db, before.id, id);
      if (pending === undefined || pending.isTaken) return undefined;
      const session = await findSession(db, { id: pending.sessionId, identityId: before.id });
      const traits = pendingTraits(schemas, before, pending.patches);
      return session && traits && { pending, session, change: { traits } };
    },

    write: async (tx, { pending }, { before, after }, call, flow) => {
      const session = await findSession(tx, { id: pending.sessionId, identityId: before.id });
      if (session === undefined || !(await pendingAddresses.consume(tx, before.id, pending.id)))
        throw new ConcurrentChangeError("the address waits no longer");
      const event = { type: "address.changed", outcome: "done", detail: { via: pending.via } } as const;
      await audit.record(tx, { identityId: before.id, sessionId: session.id, ...event }, call);
      // Hooks get the flow in which it was submitted, while that is stored.
      const origin = (await flows.findAt(tx, before.id, pending.flowId)) ?? flow;
      const context: WrittenContext = {
        flow: hookFlow(origin, { session, identity: after }),
        call,
        method: "profile",
        transientPayload: undefined,
        previous: before,
        identity: after,
        session,
        verifications: [],
      };
      await settingsHooks.inTransaction(tx, context);
      return context;
    },
  };
};
