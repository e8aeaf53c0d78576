import type { AuditLog } from "../audit/audit-log.ts";
import type { Config } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { IdentityStore } from "../identity/store.ts";
import type { Clock } from "../lib/clock.ts";
import type { Keyring } from "../lib/keyring.ts";
import { createCookies } from "./cookies.ts";
import { createSessionEndings } from "./endings.ts";
import { createSessionIssuer } from "./issue.ts";
import { createSessionStore } from "./store.ts";
import { createLogoutTokens } from "./tokens.ts";

/** What the session aggregate stands on. */
export interface SessionsDeps {
  readonly config: Pick<Config, "cookies" | "database" | "dev" | "secrets" | "serve" | "session">;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly db: Database;
  readonly digestKey: string;
  readonly identities: IdentityStore;
  readonly keyring: Keyring;
}

/** Creates the session aggregate: rows, tokens, and everything that travels in cookies. */
export const createSessions = ({ audit, config, clock, db, digestKey, identities, keyring }: SessionsDeps) => {
  const store = createSessionStore(db);
  return {
    store,
    ...createCookies({ config, keyring, sessions: store, clock }),
    issuer: createSessionIssuer({ store, clock, lifespan: config.session.lifespan, secret: digestKey }),
    endings: createSessionEndings({ audit, db, clock, identities, sessions: store }),
    logoutTokens: createLogoutTokens(config.secrets.cookie),
    purge: [
      { table: "sessions", expires: "expires_at", retention: config.database.cleanup.older_than },
      { table: "trusted_devices", expires: "expires_at", retention: 0 },
    ],
  };
};
