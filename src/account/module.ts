import type { Config } from "../config/config.ts";
import type { Csrf } from "../session/csrf.ts";
import type { SessionDeps } from "./sessions/deps.ts";
import { createSessionService } from "./sessions/service.ts";

/** What owners do outside flows stands on. */
export interface AccountDeps extends Omit<SessionDeps, "sessions" | "sessionEndings" | "csrf" | "requiredAal"> {
  readonly config: Pick<Config, "session">;
}

/** Creates what owners do outside flows: who is signed in, where else, and ending it. */
export const createAccount = (
  deps: AccountDeps,
  sessions: {
    readonly store: SessionDeps["sessions"];
    readonly endings: SessionDeps["sessionEndings"];
    readonly csrf: Csrf;
  },
) => ({
  services: [
    createSessionService({
      ...deps,
      csrf: sessions.csrf,
      sessions: sessions.store,
      sessionEndings: sessions.endings,
      requiredAal: deps.config.session.whoami.required_aal,
    }),
  ],
});
