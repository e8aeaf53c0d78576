import type { SessionStore } from "../session/store.ts";
import type { Hook } from "./hook.ts";

/**
 * `revoke_active_sessions`: signs the person out everywhere else, in the same
 * transaction as the change, so that no other session outlives it.
 */
export const revokeActiveSessions = (sessions: SessionStore): Hook => ({
  afterSettings: async (tx, { after, session }) => void (await sessions.revokeOthers(tx, after.id, session.id)),
  afterLogin: async (tx, { identity, session }) => void (await sessions.revokeOthers(tx, identity.id, session.id)),
});
