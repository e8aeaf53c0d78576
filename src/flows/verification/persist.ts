import { isDuplicate } from "../../db/sql-error.ts";
import type { ChangeContext, WrittenContext } from "../../hooks/phases.ts";
import { apply } from "../../identity/apply.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Address } from "../../schema/addresses.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { completeAsRead } from "../challenge/lock-as-read.ts";
import { acceptInvitation } from "../shared/accept-invitation.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import type { VerificationDeps } from "./deps.ts";
import type { ProvenAddress, TakeEffect } from "./take-effect.ts";

/** An address that is about to count as verified. */
export interface VerifiedAddress {
  readonly flow: FlowRecord;
  readonly call: Call;
  readonly before: IdentityRecord;
  readonly address: Address;
  /** What takes effect with it; undefined where the account has the address already. */
  readonly proven: ProvenAddress | undefined;
  /** What hooks changed beside. */
  readonly revision: Change | undefined;
  readonly hooked: Omit<ChangeContext, "identity">;
}

/** A verification as it was written. */
export interface WrittenVerification {
  readonly kind: "written";
  readonly flow: FlowRecord;
  readonly context: WrittenContext;
  /** What the hooks of the settings form have seen, where an address took effect. */
  readonly settings: WrittenContext | undefined;
}

/** How writing a verification ended. */
export type PersistedVerification =
  | WrittenVerification
  | ConcurrentChange
  /** Somebody else has the address by now, or something that a hook gave the person. */
  | { readonly kind: "identifier_taken" };

/**
 * Creates the transaction of a verification: the person at the version that was
 * read and active, then the flow as it was read. Both are written, so that what
 * was sent is good once.
 */
export const createPersist = (deps: VerificationDeps, takeEffect: TakeEffect) => {
  const {
    storage: { clock, db, flows, identities },
    trail: { audit },
    verification: { hooks },
  } = deps;
  return async (verified: VerifiedAddress): Promise<PersistedVerification> => {
    const { flow, call, before, address, proven, revision, hooked } = verified;
    try {
      return await db.transaction(async (tx) => {
        const now = clock.now();
        const after = apply(before, { ...proven?.change, verified: [address], ...revision }, { now, newId: uuid4 });
        if (!(await identities.update(tx, before, after))) throw new ConcurrentChangeError("the person has changed");
        const text = uiText(address.via === "sms" ? messages.phoneVerified : messages.verified);
        const passed = await completeAsRead(flows, tx, flow, formOf([{ node: "", text }]), now);
        const event = { type: "address.verified", outcome: "done", detail: { via: address.via } } as const;
        await audit.record(tx, { identityId: before.id, sessionId: undefined, ...event }, call);
        await acceptInvitation(tx, { identityId: before.id, sessionId: undefined, address, call }, { audit, now });
        const context: WrittenContext = { ...hooked, identity: after, verifications: [] };
        await hooks.inTransaction(tx, context);
        const settings = proven && (await takeEffect.write(tx, proven, { before, after }, call, flow));
        return { kind: "written", flow: passed, context, settings } as const;
      });
    } catch (thrown) {
      if (thrown instanceof ConcurrentChangeError) return concurrentChange;
      if ((proven !== undefined || revision !== undefined) && isDuplicate(thrown)) return { kind: "identifier_taken" };
      throw thrown;
    }
  };
};
