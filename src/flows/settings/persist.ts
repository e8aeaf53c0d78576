import { isDuplicate } from "../../db/sql-error.ts";
import { serviceError } from "../../errors/service-error.ts";
import { apply, differsInProtected } from "../../identity/apply.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Performed } from "../../methods/contract/settings.ts";
import type { SessionRecord } from "../../session/session.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { AlreadyConsumed, consumeOrThrow } from "../authentication/complete.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import type { SettingsDeps } from "./deps.ts";
import type { SettingsSubmission } from "./submission.ts";

/** How writing a change ended. */
export type Persisted =
  | { readonly kind: "saved"; readonly caller: SettingsSubmission["caller"]; readonly flow: FlowRecord }
  /** Someone else changed the identity since it was read. */
  | { readonly kind: "conflict" }
  /** An identifier or address belongs to someone else. */
  | { readonly kind: "identifier_conflict" }
  /** What was parked was applied by another request already. */
  | { readonly kind: "gone" }
  /** What can be used only once was used by another request. */
  | { readonly kind: "used" };

/** Rolls the transaction back with a word for why. */
class RolledBack extends Error {
  override readonly name = "RolledBack";
  readonly kind: "conflict" | "gone";
  constructor(kind: "conflict" | "gone") {
    super(kind);
    this.kind = kind;
  }
}

/**
 * Writes a change in one transaction: identity, credentials, addresses, flow,
 * what was parked, the security event, hooks. All of it or nothing; running it
 * again after a deadlock is harmless, because the change is plain data.
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
  const { caller, flow, parked, call } = submission;
  const now = clock.now();
  const before = caller.identity;
  const after = apply(before, change, { now, newId: uuid4 });
  const saved = withForm(flow, formOf([{ node: "", text: uiText(messages.saved) }]), now, "success", active);
  const recorded = event ?? (differsInProtected(before, after) ? { type: "identifiers.changed" } : undefined);

  try {
    const session = await db.transaction(async (tx): Promise<SessionRecord> => {
      await consumeOrThrow(tx, consume);
      if (!(await identities.update(tx, before, after))) throw new RolledBack("conflict");
      for (const { type, config } of change.credentials ?? [])
        await identities.putSecret(tx, before.id, type, config, now);
      await flows.save(tx, saved);
      if (parked && !(await continuations.take(tx, parked)) && resumes) throw new RolledBack("gone");
      if (recorded)
        await audit.record(
          tx,
          { identityId: before.id, sessionId: caller.session.id, outcome: "done", ...recorded },
          call,
        );
      const authenticated = amr === undefined ? caller.session : await sessions.add(tx, caller.session, amr);
      if (authenticated === undefined)
        throw serviceError("SESSION_INACTIVE", { explain: "The session was revoked at the same time." });
      for (const hook of hooks.after(method))
        await hook.afterSettings?.(tx, { before, after, session: authenticated, method, call });
      return authenticated;
    });
    return { kind: "saved", caller: { ...caller, identity: after, session }, flow: saved };
  } catch (thrown) {
    if (thrown instanceof AlreadyConsumed) return { kind: "used" };
    if (thrown instanceof RolledBack) return { kind: thrown.kind };
    if (isDuplicate(thrown)) return { kind: "identifier_conflict" };
    throw thrown;
  }
};
