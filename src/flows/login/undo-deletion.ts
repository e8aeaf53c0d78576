import type { AuditLog } from "../../audit/audit-log.ts";
import type { Hook } from "../../hooks/phases.ts";
import { deletionStore } from "../../identity/deletions.ts";

/**
 * Cancels the pending deletion of an account when its owner signs in anew, in the transaction of the sign-in. A
 * session that is only renewed or raised is none.
 */
export const undoDeletion = ({ audit }: { readonly audit: AuditLog }): Hook => ({
  inTransaction: async (tx, { identity, session, call }) => {
    if (session === undefined || session.issuedAt < session.authenticatedAt) return;
    if (!(await deletionStore.remove(tx, identity.id))) return;
    const event = { type: "deletion.cancelled", outcome: "done" } as const;
    await audit.record(tx, { identityId: identity.id, sessionId: session.id, ...event }, call);
  },
});
