import type { AuditLog } from "../../audit/audit-log.ts";
import type { Sql } from "../../db/sql.ts";
import { acceptOtherwise } from "../../identity/invitations.ts";
import type { Call } from "../../lib/call.ts";

/** The person who has authenticated, and how. */
export interface InvitationOwner {
  readonly identityId: string;
  /** Undefined where nobody was signed in. */
  readonly sessionId: string | undefined;
  /** The address that was proven; undefined where an operator let them in. */
  readonly address: { readonly via: string } | undefined;
  readonly call: Call;
}

/**
 * Counts a person's invitation, if there is one, as accepted when they authenticate in a flow instead of by its link:
 * revoking it no longer erases their account (docs/invitations.md). Only where the person is locked.
 */
export const acceptInvitation = async (
  tx: Sql,
  { identityId, sessionId, address, call }: InvitationOwner,
  { audit, now }: { readonly audit: AuditLog; readonly now: Date },
): Promise<void> => {
  if (!(await acceptOtherwise(tx, identityId, now))) return;
  const detail = address === undefined ? {} : { via: address.via };
  await audit.record(tx, { identityId, sessionId, type: "invitation.accepted", outcome: "done", detail }, call);
};
