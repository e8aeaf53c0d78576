import type { AuditLog } from "../audit/audit-log.ts";
import type { SessionStore } from "../session/store.ts";
import type { HookFactory } from "./phases.ts";

/**
 * `revoke_active_sessions`: signs the person out everywhere else, in the same
 * transaction as the change, so that no other session outlives it.
 */
export const revokeActiveSessions =
  (sessions: Pick<SessionStore, "revokeOthers">, audit: Pick<AuditLog, "record">): HookFactory =>
  () => ({
    inTransaction: async (tx, { call, identity, session }) => {
      if (session === undefined) return;
      const count = await sessions.revokeOthers(tx, identity.id, session.id);
      if (count === 0) return;
      const event = { type: "session.ended", outcome: "done", detail: { by: "hook", count } } as const;
      await audit.record(tx, { identityId: identity.id, sessionId: session.id, ...event }, call);
    },
  });
