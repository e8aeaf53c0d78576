import type { OidcConfig } from "../../config/oidc-config.ts";
import type { Database } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { TextAead } from "../../lib/keyring.ts";
import type { Log } from "../../lib/log.ts";
import type { AddressRules } from "../../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../../lib/outbound/outbound-fetch.ts";
import { createAccountLinks } from "./account-links.ts";
import { createAuthorizationRequests } from "./authorization-requests.ts";
import { createOidcCredential, linksOf, type TokenAead } from "./credential.ts";
import { createIdentityUpdates } from "./identity-updates.ts";
import { createOidcLogin } from "./login.ts";
import { createMapPerson } from "./map-person.ts";
import { createLinkProvider } from "./new-link.ts";
import { createProviderNodes } from "./nodes.ts";
import { createNonces } from "./nonces.ts";
import { createProviderAuthentication } from "./provider-authentication.ts";
import { createProviderFetch } from "./provider-fetch.ts";
import { createProviders } from "./providers.ts";
import { createOidcRegistration } from "./registration.ts";
import { createOidcSettings } from "./settings.ts";
import type { SignInPlace } from "./sign-in-place.ts";

/** What protects providers' tokens, nonces and connections. */
export interface ProviderGuards {
  /** Encrypts the providers' tokens. */
  readonly aead: TokenAead;
  /** Where connections may go. */
  readonly addressRules: AddressRules;
  /** How providers are asked. */
  readonly fetch: OutboundFetch;
  /** Makes nonces that only this server could have made. */
  readonly seal: TextAead;
}

/** What sign-in providers need. */
export interface OidcDeps {
  readonly place: SignInPlace;
  readonly guards: ProviderGuards;
  readonly config: OidcConfig;
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly clock: Clock;
  readonly log: Log;
  /** The methods of the first factor that a person has, and how many ways of each. */
  readonly firstFactors: (identity: IdentityRecord) => readonly { readonly type: string; readonly count: number }[];
}

/** Creates the oidc method of every flow, and what they share. */
export const createOidc = (deps: OidcDeps) => {
  const {
    config,
    db,
    identities,
    clock,
    log,
    guards: { aead, addressRules, fetch, seal },
    place,
    firstFactors,
  } = deps;
  const { enabled } = config;
  const providersOf = () =>
    createProviders({
      config: config.config,
      publicUrl: place.publicUrl,
      fetch: createProviderFetch({ fetch, rules: addressRules }),
      clock,
    });
  const providers = providersOf();
  const nonces = createNonces({ seal, clock });
  const nodes = createProviderNodes(providers.open);
  const authorizations = createAuthorizationRequests({ providers, nonces, clock, log });
  const typesOf = (identity: IdentityRecord) => firstFactors(identity).map(({ type }) => type);
  const linkProvider = createLinkProvider({ aead, clock });
  const accountLinks = createAccountLinks({ identities, providers, linkProvider });
  const mapPerson = createMapPerson(log);
  const updates = createIdentityUpdates({ identities, mapPerson, hidesAccounts: place.hidesAccounts });
  const providerAuthentication = createProviderAuthentication({
    db,
    identities,
    providers,
    linkProvider,
    mapPerson,
    updates,
    place,
    firstFactors: typesOf,
  });
  const count = (identity: IdentityRecord) => firstFactors(identity).reduce((sum, way) => sum + way.count, 0);

  return {
    settings: createOidcSettings({
      enabled,
      identities,
      providers,
      nodes,
      authorizations,
      accountLinks,
      firstFactors: count,
    }),
    login: createOidcLogin({
      enabled,
      providers,
      nodes,
      authorizations,
      providerAuthentication,
      linkAccount: accountLinks.linkWaiting,
      applyUpdate: updates.apply,
    }),
    registration: createOidcRegistration({ enabled, providers, nodes, authorizations, providerAuthentication }),
    credential: {
      ...createOidcCredential((id) => enabled && providers.get(id) !== undefined),
      reauthenticates: (identity: IdentityRecord) =>
        enabled && linksOf(identity).some(({ provider }) => providers.reauthenticates(provider)),
    },
    links: linksOf,
    createNonce: nonces.create,
    /** Says in the log what is wrong with providers as they are now. Nothing waits for it. */
    check: async (): Promise<void> => {
      if (!enabled) return;
      // Asked apart, so that a provider that was down just then is not held to be down by
      // whoever signs in, and nothing is stored in memory before somebody does.
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
