import type { AuditLog } from "../../audit/audit-log.ts";
import type { AfterConfig } from "../../config/hook-config.ts";
import type { Sql } from "../../db/sql.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import type { SessionDirectory } from "../../session/directory.ts";
import type { TrustedDevices } from "../../session/trusted-devices.ts";
import { endedByOperator, untrustedByOperator } from "../session-admin/ended-by-operator.ts";

/**
 * Ends what rests on credentials that an operator changes, or on a person whom one disables, in the transaction of the
 * change and with the person's row locked.
 */
export type EndTrust = (tx: Sql, before: IdentityRecord, change: Change, call: Call) => Promise<void>;

/**
 * Creates it. Trusted devices end in any case. Sessions end where the owner's own change would end the other ones: by
 * the hook `revoke_active_sessions` after settings. Those of a disabled person are over while they are disabled.
 *
 * @param after `selfservice.flows.settings.after`
 */
export const createEndTrust = (deps: {
  readonly after: AfterConfig;
  readonly audit: Pick<AuditLog, "record">;
  readonly sessions: Pick<SessionDirectory, "disableAll">;
  readonly trustedDevices: Pick<TrustedDevices, "endAll">;
}): EndTrust => {
  const { after, audit, sessions, trustedDevices } = deps;

  const endsSessions = (type: string): boolean => {
    const own = after.methods[type]?.hooks ?? [];
    return (own.length > 0 ? own : after.hooks).some(({ hook }) => hook === "revoke_active_sessions");
  };

  return async (tx, before, { credentials = [], state }, call) => {
    const isDisabled = state === "inactive" && before.state !== "inactive";
    if (credentials.length === 0 && !isDisabled) return;
    const devices = await trustedDevices.endAll(tx, before.id);
    if (devices > 0) await audit.record(tx, untrustedByOperator(before.id, devices, call), call);
    if (!credentials.some(({ type }) => endsSessions(type))) return;
    const count = await sessions.disableAll(tx, before.id);
    if (count > 0) await audit.record(tx, endedByOperator(before.id, count, call), call);
  };
};
