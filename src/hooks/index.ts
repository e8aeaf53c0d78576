import type { SessionStore } from "../session/store.ts";
import type { HookFactory } from "./phases.ts";
import { revokeActiveSessions } from "./revoke-active-sessions.ts";
import { session } from "./session.ts";
import { type WebHookDeps, webHook } from "./web-hook/web-hook.ts";

/** Every hook by its name in the configuration. */
export const hooks = ({
  sessions,
  webHook: deps,
}: {
  readonly sessions: SessionStore;
  readonly webHook: WebHookDeps;
}) =>
  ({
    revoke_active_sessions: revokeActiveSessions(sessions),
    session,
    web_hook: webHook(deps),
  }) satisfies Readonly<Record<string, HookFactory>>;
