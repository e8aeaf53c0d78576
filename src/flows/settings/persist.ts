import { isDuplicate } from "../../db/sql-error.ts";
import { apply, differsInProtected } from "../../identity/apply.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Performed } from "../../methods/contract/settings.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { AlreadyConsumed, consumeOrThrow } from "../authentication/complete.ts";
import { inTransaction } from "../shared/conflict-retry.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import type { SettingsDeps } from "./deps.ts";
import type { SettingsSubmission } from "./submission.ts";

/** How writing a change ended. */
export type Persisted =
  | { readonly kind: "saved"; readonly caller: SettingsSubmission["caller"]; readonly flow: FlowRecord }
  /**
   * What the change stands on is not as it was read: the person, a credential, the session, the flow, or what was
   * parked.
   */
  | { readonly kind: "conflict" }
  /** An identifier or address belongs to someone else. */
  | { readonly kind: "identifier_conflict" }
  /** What can be used only once was used by another request. */
  | { readonly kind: "used" };

/** Rolls the transaction back: something is not as it was read. */
class Changed extends Error {
  override readonly name = "Changed";
}

/** @throws Changed */
const mustHold = (holds: boolean): void => {
  if (!holds) throw new Changed("changed");
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
  submission: SettingsSubmission,
  method: string,
  performed: Performed,
  resumes: boolean,
): Promise<Persisted> => {
  const { audit, clock, continuations, db, flows, hooks, identities, sessions } = deps;
  const { change, event, amr, consume, active } = performed;
  const { caller, flow, parked, call, sql } = submission;
  const before = caller.identity;

  try {
    return await inTransaction(sql, db, async (tx): Promise<Persisted> => {
      const now = clock.now();
      const after = apply(before, change, { now, newId: uuid4 });
      const saved = withForm(flow, formOf([{ node: "", text: uiText(messages.saved) }]), now, "success", active);
      const recorded = event ?? (differsInProtected(before, after) ? { type: "identifiers.changed" } : undefined);

      mustHold(await identities.update(tx, before, after));
      await consumeOrThrow(tx, consume);
      for (const credential of change.credentials ?? [])
        mustHold(await identities.putSecret(tx, before.id, credential, now));
      mustHold(await flows.save(tx, saved, now, caller.session));
      if (parked) mustHold((await continuations.take(tx, parked)) || !resumes);
      if (recorded)
        await audit.record(
          tx,
          { identityId: before.id, sessionId: caller.session.id, outcome: "done", ...recorded },
          call,
        );
      const session = amr === undefined ? caller.session : await sessions.add(tx, caller.session, amr);
      if (session === undefined) throw new Changed("the session is over");
      await hooks.inTransaction(tx, { flow: "settings", method, call, identity: after, session });
      return { kind: "saved", caller: { ...caller, identity: after, session }, flow: saved };
    });
  } catch (thrown) {
    if (thrown instanceof AlreadyConsumed) return { kind: "used" };
    if (thrown instanceof Changed) return { kind: "conflict" };
    if (isDuplicate(thrown)) return { kind: "identifier_conflict" };
    throw thrown;
  }
};
