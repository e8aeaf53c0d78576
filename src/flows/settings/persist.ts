import { isDuplicate } from "../../db/sql-error.ts";
import { apply, differsInProtected } from "../../identity/apply.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Prepared } from "../../methods/method.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { FlowRecord } from "../flow.ts";
import { formOf, withForm } from "../form.ts";
import type { Attempt } from "./attempt.ts";
import type { SettingsDeps } from "./deps.ts";

/** How writing a change ended. */
export type Persisted =
  | { readonly kind: "saved"; readonly identity: IdentityRecord; readonly flow: FlowRecord }
  /** Someone else changed the identity since it was read. */
  | { readonly kind: "conflict" }
  /** An identifier or address belongs to someone else. */
  | { readonly kind: "taken" }
  /** What was parked was applied by another request already. */
  | { readonly kind: "gone" };

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
export const persist = async (deps: SettingsDeps, attempt: Attempt, method: string, { change, event }: Prepared, resumes: boolean): Promise<Persisted> => {
  const { audit, clock, continuations, db, flows, hooks, identities } = deps;
  const { caller, flow, parked, call } = attempt;
  const now = clock.now();
  const before = caller.identity;
  const after = apply(before, change, { now, newId: uuid4 });
  const saved = withForm(flow, formOf([{ node: "", text: uiText(messages.saved) }]), now, "success");
  const recorded = event ?? (differsInProtected(before, after) ? { type: "identifiers.changed" } : undefined);

  try {
    await db.transaction(async (tx) => {
      if (!(await identities.update(tx, before, after))) throw new RolledBack("conflict");
      for (const { type, config } of change.credentials ?? []) await identities.putSecret(tx, before.id, type, config, now);
      await flows.save(tx, saved);
      if (parked && !(await continuations.take(tx, parked)) && resumes) throw new RolledBack("gone");
      if (recorded) await audit.record(tx, { identityId: before.id, sessionId: caller.session.id, outcome: "done", ...recorded }, call);
      for (const hook of hooks.after(method)) await hook.afterSettings?.(tx, { before, after, session: caller.session, method, call });
    });
  } catch (thrown) {
    if (thrown instanceof RolledBack) return { kind: thrown.kind };
    if (isDuplicate(thrown)) return { kind: "taken" };
    throw thrown;
  }
  return { kind: "saved", identity: after, flow: saved };
};
