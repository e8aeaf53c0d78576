import type { AuditLog } from "../../audit/audit-log.ts";
import type { Sql } from "../../db/sql.ts";
import { acceptOtherwise } from "../../identity/invitations.ts";
import type { Call } from "../../lib/call.ts";

/** Who came in, and how. */
export interface CameIn {
  readonly identityId: string;
  /** Undefined where nobody was signed in. */
  readonly sessionId: string | undefined;
  /** The address that was proven; undefined where an operator let them in. */
  readonly address: { readonly via: string } | undefined;
  readonly call: Call;
}

/**
 * Counts an invitation as accepted once its owner is there, by whichever way: revoking it no longer erases their
 * account (docs/invitations.md). Only where the person is locked.
 */
export const acceptInvitation = async (
  tx: Sql,
  { identityId, sessionId, address, call }: CameIn,
  { audit, now }: { readonly audit: AuditLog; readonly now: Date },
): Promise<void> => {
  if (!(await acceptOtherwise(tx, identityId, now))) return;
  const detail = address === undefined ? {} : { via: address.via };
  await audit.record(tx, { identityId, sessionId, type: "invitation.accepted", outcome: "done", detail }, call);
};
