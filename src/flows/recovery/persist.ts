import type { Sql } from "../../db/sql.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import type { ChangeContext, WrittenContext } from "../../hooks/phases.ts";
import { apply } from "../../identity/apply.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { RecoveryMethod } from "../../methods/contract/recovery.ts";
import type { Address } from "../../schema/addresses.ts";
import type { Issued } from "../../session/issue.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { completeAsRead } from "../challenge/lock-as-read.ts";
import { acceptInvitation } from "../shared/accept-invitation.ts";
import { type FlowRecord, returnToContext, returnToOf } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import { withQuery } from "../shared/urls.ts";
import { skipsSettings } from "./context.ts";
import type { RecoveryDeps } from "./deps.ts";

/** An account that is about to be recovered. */
export interface RecoveredAccount {
  readonly flow: FlowRecord;
  /** What submits the form: a browser in which the link of a native app's flow was opened is one. */
  readonly client: FlowRecord["type"];
  readonly call: Call;
  readonly picked: RecoveryMethod;
  readonly before: IdentityRecord;
  /** Undefined for a code or link that an operator made. */
  readonly address: Address | undefined;
  /** What hooks changed beside. */
  readonly revision: Change | undefined;
  readonly hooked: Omit<ChangeContext, "identity" | "session">;
}

/** A recovery as it was written. */
export interface WrittenRecovery {
  readonly kind: "written";
  readonly flow: FlowRecord;
  readonly issued: Issued;
  /** Undefined where the person goes on without it. */
  readonly settings: FlowRecord | undefined;
  readonly context: WrittenContext;
}

/** How writing a recovery ended. */
export type PersistedRecovery =
  | WrittenRecovery
  | ConcurrentChange
  /** Something that a hook gave the person is somebody else's. */
  | { readonly kind: "identifier_taken" };

/**
 * Creates the transaction of a recovery: the person at the version that was
 * read and active, the flow as it was read, then session and settings flow.
 * What was sent is good once, and the address that it went to counts as verified.
 */
export const createPersist = (deps: RecoveryDeps) => {
  const {
    storage: { clock, db, flows, identities, pendingAddresses },
    trail: { audit },
    sessions: { issuer: sessions },
    destinations: { urls },
    recovery: { hooks, settings },
  } = deps;

  const writeSettings = (tx: Sql, { flow, client }: RecoveredAccount, identity: IdentityRecord, now: Date) => {
    if (skipsSettings(flow)) return undefined;
    const until = new Date(now.getTime() + settings.privilegedFor);
    const text = uiText(messages.recovered, {
      privilegedSessionExpiresAt: until.toISOString(),
      privileged_session_expires_at: until.toISOString(),
      privileged_session_expires_at_unix: Math.floor(until.getTime() / 1000),
    });
    const requestUrl = withQuery(urls.submit("recovery", flow.id), { return_to: returnToOf(flow) });
    return settings.create(
      tx,
      identity,
      { type: client, requestUrl, context: returnToContext(returnToOf(flow)) },
      text,
    );
  };

  return async (recovered: RecoveredAccount): Promise<PersistedRecovery> => {
    const { flow, call, picked, before, address, revision, hooked } = recovered;
    try {
      return await db.transaction(async (tx) => {
        const now = clock.now();
        const after = apply(before, { ...(address && { verified: [address] }), ...revision }, { now, newId: uuid4 });
        if (!(await identities.update(tx, before, after))) throw new ConcurrentChangeError("the person has changed");
        const form = formOf([], flow.form.submittedValues ?? undefined);
        const passed = await completeAsRead(flows, tx, flow, form, now);
        // Who comes back by recovery may not be who asked for a new address. Trusted devices stay
        // (session/resting-on-credentials.ts ends both): no credential has changed yet.
        await pendingAddresses.endAll(tx, after.id);
        const issued = await sessions.begin(tx, after, [picked.amr], call);
        const written = await writeSettings(tx, recovered, after, now);
        const event = { type: "account.recovered", outcome: "done", detail: { method: picked.name } } as const;
        await audit.record(tx, { identityId: after.id, sessionId: issued.session.id, ...event }, call);
        const owner = { identityId: after.id, sessionId: issued.session.id, address, call };
        await acceptInvitation(tx, owner, { audit, now });
        const context: WrittenContext = { ...hooked, identity: after, session: issued.session, verifications: [] };
        await hooks.inTransaction(tx, context);
        return { kind: "written", flow: passed, issued, settings: written, context } as const;
      });
    } catch (thrown) {
      if (thrown instanceof ConcurrentChangeError) return concurrentChange;
      if (revision !== undefined && isDuplicate(thrown)) return { kind: "identifier_taken" };
      throw thrown;
    }
  };
};
