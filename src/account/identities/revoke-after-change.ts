import type { EventContent } from "../../audit/event-types.ts";
import type { AfterConfig } from "../../config/hook-config.ts";
import type { Sql } from "../../db/sql.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import type { SessionDirectory } from "../../session/directory.ts";
import { endRestingOnCredentials, type RestingOnCredentials } from "../../session/resting-on-credentials.ts";
import { endedByOperator } from "../session-admin/ended-by-operator.ts";
import { operatorOf } from "./operator-of.ts";

/** What is revoked, and when. */
export interface RevocationDeps {
  /** `selfservice.flows.settings.after` */
  readonly after: AfterConfig;
  readonly sessions: Pick<SessionDirectory, "disableAll">;
  readonly resting: RestingOnCredentials;
}

/**
 * Revokes what depends on credentials that an operator changes, or on a person whom one disables: trusted devices and
 * pending addresses in any case, sessions where the owner's own change would end the other ones, by the hook
 * `revoke_active_sessions` after settings. Sessions of a disabled person are over while they are disabled. In the
 * transaction of the change, with the person's row locked.
 *
 * @returns the events to record
 */
export const revokeAfterChange = async (
  { after, sessions, resting }: RevocationDeps,
  tx: Sql,
  before: IdentityRecord,
  { credentials = [], state }: Change,
  call: Call,
): Promise<readonly EventContent[]> => {
  const isDisabled = state === "inactive" && before.state !== "inactive";
  if (credentials.length === 0 && !isDisabled) return [];
  const untrusted = await endRestingOnCredentials(resting, tx, before.id, { by: "operator", ...operatorOf(call) });
  const count = credentials.some(({ type }) => endsSessions(after, type))
    ? await sessions.disableAll(tx, before.id)
    : 0;
  return [...(untrusted ? [untrusted] : []), ...(count > 0 ? [endedByOperator(before.id, count, call)] : [])];
};

/** Whether an owner's change of such a credential ends the other sessions. */
const endsSessions = ({ hooks, methods }: AfterConfig, type: string): boolean => {
  const own = methods[type]?.hooks ?? [];
  return (own.length > 0 ? own : hooks).some(({ hook }) => hook === "revoke_active_sessions");
};
