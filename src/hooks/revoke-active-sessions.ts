import type { SessionStore } from "../session/store.ts";
import type { HookFactory } from "./phases.ts";

/**
 * `revoke_active_sessions`: signs the person out everywhere else, in the same
 * transaction as the change, so that no other session outlives it.
 */
export const revokeActiveSessions =
  (sessions: SessionStore): HookFactory =>
  () => ({
    inTransaction: async (tx, { identity, session }) => {
      if (session !== undefined) await sessions.revokeOthers(tx, identity.id, session.id);
    },
  });
