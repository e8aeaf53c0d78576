import * as openid from "openid-client";
import type { ProviderConfig } from "../../config/oidc-config.ts";
import { createCached } from "../../lib/cached.ts";
import type { Clock } from "../../lib/clock.ts";
import { createKeys, type Keys } from "./keys.ts";
import type { Preset } from "./preset.ts";
import type { ProviderFetch } from "./provider-fetch.ts";
import { ProviderFetchError } from "./refusal.ts";

/** A provider as it was found: its endpoints and its keys. */
export interface Discovered {
  readonly server: openid.Configuration;
  readonly metadata: Readonly<openid.ServerMetadata>;
  /** Undefined for those that sign nothing. */
  readonly keys: Keys | undefined;
}

/** What finding a provider needs. */
export interface DiscoveryDeps {
  readonly config: ProviderConfig;
  readonly preset: Preset;
  readonly fetch: ProviderFetch;
  readonly clock: Clock;
  /** Milliseconds between looks for a key that is not known. */
  readonly keyCooldown?: number | undefined;
}

/**
 * Milliseconds after which metadata are looked at again, in the background. They stay in use for as long as the
 * provider is down.
 */
const FRESH = 60 * 60_000;

/** Returns a provider's endpoints and keys: found once, cached, and renewed in the background. */
export const createDiscovery = (deps: DiscoveryDeps): (() => Promise<Discovered>) => {
  const { config, preset, fetch, clock, keyCooldown } = deps;
  const source = preset.server(config);
  // Keys outlive metadata: a new look at these does not forget those.
  const keys = new Map<string, Keys>();
  const keysAt = (url: string): Keys => {
    const known = keys.get(url) ?? createKeys({ url, fetch, clock, cooldown: keyCooldown });
    keys.set(url, known);
    return known;
  };

  const describe = (server: openid.Configuration): Discovered => {
    for (const extension of extensionsOf(fetch)) extension(server);
    const metadata = server.serverMetadata();
    mustBeSafe(metadata, preset.protocol, fetch.isSafe);
    return { server, metadata, keys: metadata.jwks_uri === undefined ? undefined : keysAt(metadata.jwks_uri) };
  };
  const auth = preset.clientAuth?.(config, clock) ?? secretAuth(config);

  if (source.kind === "known") {
    const known = describe(new openid.Configuration(source.metadata, config.client_id, undefined, auth));
    return () => Promise.resolve(known);
  }
  const cached = createCached({
    load: async () => {
      const issuer = URL.parse(source.issuer);
      if (issuer === null) throw new ProviderFetchError("misconfigured", "issuer_url is no URL");
      const options = { [openid.customFetch]: toCustomFetch(fetch), execute: [openid.allowInsecureRequests] };
      return describe(await openid.discovery(issuer, config.client_id, undefined, auth, options));
    },
    clock,
    freshFor: FRESH,
  });
  return cached.get;
};

/** Fetching goes our way, which knows by itself where plain HTTP is allowed. */
const extensionsOf = (fetch: ProviderFetch): readonly ((server: openid.Configuration) => void)[] => [
  openid.allowInsecureRequests,
  (server) => {
    server[openid.customFetch] = toCustomFetch(fetch);
  },
];

const toCustomFetch =
  (fetch: ProviderFetch): openid.CustomFetch =>
  (url, { method, headers, body }) =>
    fetch(url, {
      method,
      headers,
      body: typeof body === "string" || body instanceof URLSearchParams ? body : undefined,
    });

/** As the provider says it takes the secret; when it says nothing, in the header, which is the standard's default. */
const secretAuth = ({ client_secret: secret, client_auth_method: method }: ProviderConfig): openid.ClientAuth => {
  if (secret === undefined || secret === "") return openid.None();
  const [basic, post] = [openid.ClientSecretBasic(secret), openid.ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const supported = server.token_endpoint_auth_methods_supported;
    const byPost =
      method === undefined
        ? supported !== undefined && !supported.includes("client_secret_basic")
        : method === "client_secret_post";
    return (byPost ? post : basic)(server, client, body, headers);
  };
};

/** What is discovered comes over the network: none of it may lead to where we would not go. */
const mustBeSafe = (
  metadata: openid.ServerMetadata,
  protocol: Preset["protocol"],
  isSafe: ProviderFetch["isSafe"],
): void => {
  const { authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint } = metadata;
  if (authorization_endpoint === undefined || token_endpoint === undefined)
    throw new ProviderFetchError("misconfigured", "the provider has no authorization or no token endpoint");
  if (protocol === "openid" && jwks_uri === undefined)
    throw new ProviderFetchError("misconfigured", "the provider publishes no keys: its ID tokens cannot be verified");
  for (const url of [authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint]) {
    if (url !== undefined && !isSafe(url))
      throw new ProviderFetchError(
        "misconfigured",
        "an endpoint of the provider is neither https:// nor within a private network",
      );
  }
};
