import { isDeepStrictEqual } from "node:util";
import type { EventContent } from "../../audit/event-types.ts";
import type { Sql } from "../../db/sql.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import type { WrittenContext } from "../../hooks/phases.ts";
import { apply } from "../../identity/apply.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import { inTransaction } from "../../identity/conflict-retry.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { uuid4 } from "../../lib/ids.ts";
import { endRestingOnCredentials } from "../../session/resting-on-credentials.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { changeEvent } from "../shared/change-event.ts";
import { AlreadyConsumed, consumeOrThrow } from "../shared/consume.ts";
import { emptyForm, type FlowRecord } from "../shared/flow.ts";
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
  /** Whether nothing has changed yet: all that was asked for are addresses that wait for their proof. */
  readonly isWaiting: boolean;
}

/** How writing a change ended. */
export type Persisted =
  | Saved
  | ConcurrentChange
  /** An identifier or address belongs to someone else. */
  | { readonly kind: "identifier_taken" }
  /** A single-use token was consumed by another request. */
  | { readonly kind: "already_consumed" };

/** Ends what rests on how a person signed in until now; returns the event of it. */
const endResting = ({ storage, sessions }: SettingsDeps, tx: Sql, identityId: string) =>
  endRestingOnCredentials({ ...storage, ...sessions }, tx, identityId, { by: "owner" });

/** The flow once it is written: it says so, unless all that was asked for waits. */
const savedFlow = (flow: FlowRecord, now: Date, active: string | undefined, isWaiting: boolean): FlowRecord =>
  isWaiting
    ? withForm(flow, emptyForm, now, "show_form", active)
    : withForm(flow, formOf([{ node: "", text: uiText(messages.saved) }]), now, "success", active);

const record = async (
  { trail: { audit } }: SettingsDeps,
  tx: Sql,
  { caller, call }: SettingsSubmission,
  event?: EventContent,
) => {
  const { identity, session } = caller;
  if (event)
    await audit.record(tx, { identityId: identity.id, sessionId: session.id, outcome: "done", ...event }, call);
};

/** Whether a change leaves what is known of a person as it was. */
const isSame = (before: IdentityRecord, after: IdentityRecord): boolean =>
  before.state === after.state &&
  before.schemaId === after.schemaId &&
  before.externalId === after.externalId &&
  isDeepStrictEqual(before.traits, after.traits) &&
  isDeepStrictEqual(provenOf(before), provenOf(after)) &&
  isDeepStrictEqual(before.metadataPublic, after.metadataPublic) &&
  isDeepStrictEqual(before.metadataAdmin, after.metadataAdmin);

const provenOf = ({ verifiable }: IdentityRecord): readonly boolean[] => verifiable.map(({ verified }) => verified);

/** @throws ConcurrentChangeError */
const mustHold = (holds: boolean): void => {
  if (!holds) throw new ConcurrentChangeError("not as it was read");
};

/** Disables a person with the change: what depends on how they signed in ends. @throws ConcurrentChangeError */
const disable = async (
  deps: SettingsDeps,
  tx: Sql,
  submission: SettingsSubmission,
  enabled: IdentityRecord,
  disabled: IdentityRecord,
): Promise<void> => {
  mustHold(await deps.storage.identities.update(tx, enabled, disabled));
  const untrusted = await endResting(deps, tx, disabled.id);
  await record(deps, tx, submission, { type: "identity.disabled" });
  await record(deps, tx, submission, untrusted);
};

/**
 * Writes a change in one transaction: identity, credentials, flow, what was
 * parked, the security event, hooks. All of it or nothing; running it again
 * after a deadlock is harmless, because the change is plain data.
 *
 * Each statement looks itself whether what it depends on still holds: the person
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
  const {
    storage: { clock, continuations, db, flows, identities },
    trail: { audit },
    sessions: { issuer: sessions },
    settings: { hooks },
  } = deps;
  const { change, event, amr, consume, active } = submission.performed;
  const { caller, flow, parked, hooked, sql, waiting } = submission;
  const before = caller.identity;

  try {
    const write = async (tx: Sql): Promise<Persisted> => {
      const now = clock.now();
      const after = apply(before, change, { now, newId: uuid4 });
      const isWaiting = waiting.length > 0 && isSame(before, after);
      const saved = {
        ...savedFlow(flow, now, active, isWaiting),
        context: prepareAgain(deps, flow, hooked.method),
      };
      const recorded = event ?? changeEvent(before, after, isWaiting || !audit.hasReceivers);

      const disables = before.state === "active" && after.state === "inactive";
      // The session of a person who is disabled is over at once: what looks at it goes first.
      const enabled = disables ? { ...after, state: before.state, stateChangedAt: before.stateChangedAt } : after;
      mustHold(await identities.update(tx, before, enabled));
      await consumeOrThrow(tx, consume);
      for (const credential of change.credentials ?? [])
        mustHold(await identities.putSecret(tx, before.id, credential, now));
      // What a person signs in with has changed: no browser stands in for it any longer.
      const untrusted = change.credentials?.length ? await endResting(deps, tx, before.id) : undefined;
      mustHold(await flows.saveOfLocked(tx, saved, now, caller.session));
      if (parked) mustHold((await continuations.consume(tx, parked)) || !resumes);
      await record(deps, tx, submission, recorded);
      await record(deps, tx, submission, untrusted);
      const session = amr === undefined ? caller.session : await sessions.add(tx, caller.session, amr);
      if (session === undefined) throw new ConcurrentChangeError("the session is over");
      if (disables) await disable(deps, tx, submission, enabled, after);
      const written = { identity: after, session };
      const context: WrittenContext = {
        ...hooked,
        ...written,
        flow: deps.forms.hookFlow(saved, written),
        verifications: [],
        waiting,
        event: recorded,
      };
      await hooks.inTransaction(tx, context);
      return { kind: "saved", caller: { ...caller, identity: after, session }, flow: saved, context, isWaiting };
    };
    const persisted = await inTransaction(sql, db, write, { shared: true });
    if (persisted.kind === "saved" && persisted.context.event) audit.wake();
    return persisted;
  } catch (thrown) {
    if (thrown instanceof AlreadyConsumed) return { kind: "already_consumed" };
    if (thrown instanceof ConcurrentChangeError) return concurrentChange;
    if (isDuplicate(thrown)) return { kind: "identifier_taken" };
    throw thrown;
  }
};
