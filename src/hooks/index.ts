import type { SessionStore } from "../session/store.ts";
import type { HookFactory } from "./phases.ts";
import { revokeActiveSessions } from "./revoke-active-sessions.ts";
import { session } from "./session.ts";

/** Every hook by its name in the configuration. */
export const hooks = ({ sessions }: { readonly sessions: SessionStore }) =>
  ({
    revoke_active_sessions: revokeActiveSessions(sessions),
    session,
  }) satisfies Readonly<Record<string, HookFactory>>;
