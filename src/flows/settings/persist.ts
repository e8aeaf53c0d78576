import type { EventContent } from "../../audit/event-types.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import type { WrittenContext } from "../../hooks/phases.ts";
import { apply, differsInProtected } from "../../identity/apply.ts";
import { uuid4 } from "../../lib/ids.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../shared/concurrent-change.ts";
import { inTransaction } from "../shared/conflict-retry.ts";
import { AlreadyConsumed, consumeOrThrow } from "../shared/consume.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import type { ApprovedSubmission } from "./approve.ts";
import type { SettingsDeps } from "./deps.ts";
import { prepareAgain } from "./prepare.ts";
import type { SettingsSubmission } from "./submission.ts";

/** A change that is written. */
export interface Saved {
  readonly kind: "saved";
  readonly caller: SettingsSubmission["caller"];
  readonly flow: FlowRecord;
  /** What hooks have seen of it. */
  readonly context: WrittenContext;
}

/** How writing a change ended. */
export type Persisted =
  | Saved
  | ConcurrentChange
  /** An identifier or address belongs to someone else. */
  | { readonly kind: "identifier_taken" }
  /** A single-use token was consumed by another request. */
  | { readonly kind: "already_consumed" };

/** @throws ConcurrentChangeError */
const mustHold = (holds: boolean): void => {
  if (!holds) throw new ConcurrentChangeError("not as it was read");
};

/**
 * Writes a change in one transaction: identity, credentials, flow, what was
 * parked, the security event, hooks. All of it or nothing; running it again
 * after a deadlock is harmless, because the change is plain data.
 *
 * Each statement looks itself whether what it stands on still holds: the person
 * at the version that was read and active, their credentials, then, with the
 * person's row locked, the session and the flow.
 *
 * @param resumes whether the change is the parked one: it is applied exactly once
 */
export const persist = async (
  deps: SettingsDeps,
  submission: ApprovedSubmission,
  resumes: boolean,
): Promise<Persisted> => {
  const { audit, clock, continuations, db, flows, hooks, identities, sessions, trustedDevices } = deps;
  const { change, event, amr, consume, active } = submission.performed;
  const { caller, flow, parked, call, hooked, sql } = submission;
  const before = caller.identity;
  // No matter of security: worth a row only where others hear of it.
  const unprotected: EventContent | undefined = audit.isHeard ? { type: "profile.changed" } : undefined;

  try {
    return await inTransaction(sql, db, async (tx): Promise<Persisted> => {
      const now = clock.now();
      const after = apply(before, change, { now, newId: uuid4 });
      const saved = {
        ...withForm(flow, formOf([{ node: "", text: uiText(messages.saved) }]), now, "success", active),
        context: prepareAgain(deps, flow, hooked.method),
      };
      const recorded = event ?? (differsInProtected(before, after) ? identifiersChanged : unprotected);

      mustHold(await identities.update(tx, before, after));
      await consumeOrThrow(tx, consume);
      for (const credential of change.credentials ?? [])
        mustHold(await identities.putSecret(tx, before.id, credential, now));
      // What a person signs in with has changed: no browser stands in for it any longer.
      if (change.credentials?.length) await trustedDevices.endAll(tx, before.id);
      mustHold(await flows.save(tx, saved, now, caller.session));
      if (parked) mustHold((await continuations.take(tx, parked)) || !resumes);
      if (recorded)
        await audit.record(
          tx,
          { identityId: before.id, sessionId: caller.session.id, outcome: "done", ...recorded },
          call,
        );
      const session = amr === undefined ? caller.session : await sessions.add(tx, caller.session, amr);
      if (session === undefined) throw new ConcurrentChangeError("the session is over");
      const written = { identity: after, session };
      const context: WrittenContext = {
        ...hooked,
        ...written,
        flow: deps.hookFlow(saved, written),
        verifications: [],
      };
      await hooks.inTransaction(tx, context);
      return { kind: "saved", caller: { ...caller, identity: after, session }, flow: saved, context };
    });
  } catch (thrown) {
    if (thrown instanceof AlreadyConsumed) return { kind: "already_consumed" };
    if (thrown instanceof ConcurrentChangeError) return concurrentChange;
    if (isDuplicate(thrown)) return { kind: "identifier_taken" };
    throw thrown;
  }
};

const identifiersChanged: EventContent = { type: "identifiers.changed" };
