import type { AuditLog } from "../audit/audit-log.ts";
import type { Config } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { IdentityStore } from "../identity/store.ts";
import type { Clock } from "../lib/clock.ts";
import { createJsonnetEngine } from "../lib/jsonnet/engine.ts";
import type { Keyring } from "../lib/keyring.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import { createCookies } from "./cookies.ts";
import { createSessionEndings } from "./endings.ts";
import { createSessionIssuer } from "./issue.ts";
import { createSessionStore } from "./store.ts";
import { createTokenizer } from "./tokenizer.ts";
import { createLogoutTokens } from "./tokens.ts";

/** What the session aggregate needs. */
export interface SessionsDeps {
  readonly config: Pick<Config, "cookies" | "database" | "dev" | "secrets" | "serve" | "session">;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly keys: SessionKeys;
  readonly network: SessionNetwork;
}

/** What tokens and cookies are made with. */
interface SessionKeys {
  readonly digestKey: string;
  readonly keyring: Keyring;
}

/** Who issues tokens, and where what makes them may be read. */
interface SessionNetwork {
  readonly publicUrl: string;
  readonly addressRules: AddressRules;
  readonly outboundFetch: OutboundFetch;
}

/** Creates the session aggregate: rows, tokens, and everything that travels in cookies. */
export const createSessions = ({ audit, config, clock, db, identities, keys, network }: SessionsDeps) => {
  const { digestKey, keyring } = keys;
  const { lifespan, whoami } = config.session;
  const store = createSessionStore(db);
  const engine = createJsonnetEngine();
  return {
    store,
    ...createCookies({ config, keyring, sessions: store, clock }),
    issuer: createSessionIssuer({ store, clock, lifespan, secret: digestKey }),
    endings: createSessionEndings({ audit, db, clock, identities, sessions: store }),
    logoutTokens: createLogoutTokens(config.secrets.cookie),
    tokenizer: createTokenizer({
      templates: whoami.tokenizer,
      issuer: network.publicUrl,
      clock,
      engine,
      fetch: network.outboundFetch,
      addressRules: network.addressRules,
    }),
    purge: [
      { table: "sessions", expires: "expires_at", retention: config.database.cleanup.older_than },
      { table: "trusted_devices", expires: "expires_at", retention: 0 },
    ],
    close: () => engine.close(),
  };
};
