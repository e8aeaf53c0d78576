import type { AuditLog } from "../../audit/audit-log.ts";
import type { AfterConfig } from "../../config/hook-config.ts";
import type { Sql } from "../../db/sql.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import type { SessionDirectory } from "../../session/directory.ts";
import { endRestingOnCredentials, type RestingOnCredentials } from "../../session/resting-on-credentials.ts";
import { endedByOperator } from "../session-admin/ended-by-operator.ts";
import { operatorOf } from "./operator-of.ts";

/**
 * Ends what rests on credentials that an operator changes, or on a person whom one disables, in the transaction of the
 * change and with the person's row locked.
 */
export type EndTrust = (tx: Sql, before: IdentityRecord, change: Change, call: Call) => Promise<void>;

/**
 * Creates it. Trusted devices and addresses that wait end in any case. Sessions end where the owner's own change would
 * end the other ones: by the hook `revoke_active_sessions` after settings. Those of a disabled person are over while
 * they are disabled.
 *
 * @param after `selfservice.flows.settings.after`
 */
export const createEndTrust = (deps: {
  readonly after: AfterConfig;
  readonly audit: Pick<AuditLog, "record">;
  readonly sessions: Pick<SessionDirectory, "disableAll">;
  readonly resting: RestingOnCredentials;
}): EndTrust => {
  const { after, audit, sessions, resting } = deps;

  const endsSessions = (type: string): boolean => {
    const own = after.methods[type]?.hooks ?? [];
    return (own.length > 0 ? own : after.hooks).some(({ hook }) => hook === "revoke_active_sessions");
  };

  return async (tx, before, { credentials = [], state }, call) => {
    const isDisabled = state === "inactive" && before.state !== "inactive";
    if (credentials.length === 0 && !isDisabled) return;
    const untrusted = await endRestingOnCredentials(resting, tx, before.id, { by: "operator", ...operatorOf(call) });
    if (untrusted)
      await audit.record(tx, { identityId: before.id, sessionId: undefined, outcome: "done", ...untrusted }, call);
    if (!credentials.some(({ type }) => endsSessions(type))) return;
    const count = await sessions.disableAll(tx, before.id);
    if (count > 0) await audit.record(tx, endedByOperator(before.id, count, call), call);
  };
};
