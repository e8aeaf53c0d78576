import type { OidcConfig } from "../../config/oidc-config.ts";
import type { Database } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Seal } from "../../lib/keyring.ts";
import type { Log } from "../../lib/log.ts";
import { createArrivals } from "./arrive.ts";
import { createOidcCredential, type TokenCipher } from "./credential.ts";
import { createOidcLogin } from "./login.ts";
import { createProviderNodes } from "./nodes.ts";
import { createNonces } from "./nonces.ts";
import { createProviderFetch } from "./provider-fetch.ts";
import { createProviders } from "./providers.ts";
import { createOidcRegistration } from "./registration.ts";
import { createRoundTrips } from "./round-trips.ts";
import { createOidcSettings } from "./settings.ts";

/** What sign-in providers need. */
export interface OidcDeps {
  readonly config: OidcConfig;
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Encrypts the providers' tokens. */
  readonly cipher: TokenCipher;
  /** Makes nonces that only this server could have made. */
  readonly seal: Seal;
  readonly publicUrl: string;
  /** The page that people sign in at. */
  readonly loginPage: string;
  /** Whether someone whose address is taken is told how its owner signs in. */
  readonly loginHints: boolean;
  /** The methods of the first factor that a person has, and how many ways of each. */
  readonly waysIn: (identity: IdentityRecord) => readonly { readonly type: string; readonly count: number }[];
}

/** Creates the oidc method of every flow, and what they share. */
export const createOidc = (deps: OidcDeps) => {
  const { config, db, identities, clock, log, cipher, seal, publicUrl, loginPage, loginHints, waysIn } = deps;
  const { enabled } = config;
  const providersOf = () => createProviders({ config: config.config, publicUrl, fetch: createProviderFetch(), clock });
  const providers = providersOf();
  const nonces = createNonces({ seal, clock });
  const nodes = createProviderNodes(providers.list);
  const trips = createRoundTrips({ providers, nonces, clock, log });
  const typesOf = (identity: IdentityRecord) => waysIn(identity).map(({ type }) => type);
  const arrivals = createArrivals({ db, identities, providers, cipher, log, loginPage, loginHints, waysIn: typesOf });
  const count = (identity: IdentityRecord) => waysIn(identity).reduce((sum, way) => sum + way.count, 0);

  return {
    settings: createOidcSettings({ enabled, db, identities, providers, nodes, trips, cipher, waysIn: count }),
    login: createOidcLogin({ enabled, providers, nodes, trips, arrivals }),
    registration: createOidcRegistration({ enabled, providers, nodes, trips, arrivals }),
    credential: createOidcCredential((id) => enabled && providers.get(id) !== undefined),
    createNonce: nonces.create,
    /** Says in the log what is wrong with providers as they are now. Nothing waits for it. */
    check: async (): Promise<void> => {
      if (!enabled) return;
      // Asked apart, so that a provider that was down just then is not held to be down by
      // whoever signs in, and nothing is kept in memory before somebody does.
      const apart = providersOf();
      try {
        for (const fault of await apart.check()) log.warn(`sign-in providers: ${fault}`);
      } finally {
        await apart.close();
      }
    },
    close: providers.close,
  };
};
