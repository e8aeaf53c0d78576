import type { EventContent, EventDetail, EventType } from "../../audit/event-types.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import { serviceError } from "../../errors/service-error.ts";
import { apply } from "../../identity/apply.ts";
import { ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import { type Attempted, inTransaction, type Try } from "../../identity/conflict-retry.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { parseUuid, uuid4 } from "../../lib/ids.ts";
import { alreadyExists } from "./create.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { operatorOf } from "./operator-of.ts";
import { noIdentity } from "./read.ts";
import { refusedValue } from "./refused-value.ts";
import { revokeAfterChange } from "./revoke-after-change.ts";

/** What is to become of an identity. It may take long, and is asked again when somebody else came between. */
export type Plan = (before: IdentityRecord, tried: Try) => Promise<Change>;

/** Which identity an operator changes, and how. */
export interface Writing {
  readonly id: string;
  /** The version that it must have; empty: any. */
  readonly etag: string;
  /** Of the event of the account. */
  readonly event: EventType;
  readonly detail?: EventDetail;
  readonly plan: Plan;
  /** False: the message to a verified address that is removed has no link that undoes the change. */
  readonly isUndoable?: boolean;
}

/** The event of a person who was enabled or disabled; none where the state stays. */
const eventOfState = (before: IdentityRecord, { state }: IdentityRecord, call: Call): readonly EventContent[] => {
  if (state === before.state) return [];
  return [{ type: state === "active" ? "identity.enabled" : "identity.disabled", detail: operatorOf(call) }];
};

/**
 * Creates the writing of identities: read, plan, write at the version that was read; and all of it again, with the
 * row locked, when another request came between.
 */
export const createWrite = (deps: IdentityAdminDeps) => {
  const {
    storage: { clock, db, identities },
    audit,
    conflictRetry,
    effects: { revocation, notices },
  } = deps;
  const attempt = async (
    { id, etag, event, detail, plan, isUndoable = true }: Writing,
    call: Call,
    tried: Try,
  ): Promise<Attempted<IdentityRecord>> => {
    const { sql } = tried;
    const before = parseUuid(id) && (await identities.find(sql, id));
    if (before === undefined) throw noIdentity();
    if (etag !== "" && etag !== String(before.version))
      throw serviceError("ETAG_MISMATCH", {
        field: "etag",
        explain: "The identity has changed since this etag was read.",
      });
    const change = await plan(before, tried);
    try {
      const after = await inTransaction(sql, db, async (tx) => {
        const now = clock.now();
        const next = apply(before, change, { now, newId: uuid4 });
        if (!(await identities.update(tx, before, next))) throw new ConcurrentChangeError("the identity");
        for (const credential of change.credentials ?? [])
          if (!(await identities.putSecret(tx, before.id, credential, now)))
            throw new ConcurrentChangeError("a credential");
        const revoked = await revokeAfterChange(revocation, tx, before, change, call);
        await notices?.notify(tx, { before, after: next, call, isUndoable });
        const about = { identityId: before.id, sessionId: undefined, outcome: "done" } as const;
        const own = [{ type: event, detail: { ...detail, ...operatorOf(call) } }, ...eventOfState(before, next, call)];
        for (const each of [...revoked, ...own]) await audit.record(tx, { ...about, ...each }, call);
        return next;
      });
      notices?.wake();
      return { kind: "done", render: async () => after };
    } catch (error) {
      if (error instanceof ConcurrentChangeError) return { ...concurrentChange, identityId: before.id };
      throw isDuplicate(error) ? alreadyExists() : (refusedValue(error) ?? error);
    }
  };

  /** @throws NOT_FOUND, ETAG_MISMATCH, ALREADY_EXISTS, INVALID_FIELD, and what the plan throws */
  return (writing: Writing, call: Call): Promise<IdentityRecord> =>
    conflictRetry.run((tried) => attempt(writing, call, tried));
};
