import type { ProviderConfig } from "../../config/oidc-config.ts";
import { hostnameOf } from "../../lib/outbound/address-policy.ts";
import type { Preset } from "./preset.ts";
import type { ProviderFetch } from "./provider-fetch.ts";

/** The hosts that the configuration of a provider names, itself or by its kind. */
export const configuredHostsOf = (config: ProviderConfig, preset: Preset): ReadonlySet<string> => {
  const { issuer_url, auth_url, token_url, userinfo_url, jwks_url } = config;
  const server = preset.server(config);
  const known =
    server.kind === "discover"
      ? [server.issuer]
      : Object.values(server.metadata).filter((value) => typeof value === "string");
  return hostsOf([issuer_url, auth_url, token_url, userinfo_url, jwks_url, ...known]);
};

/** The hosts of URLs; what is no URL has none. */
export const hostsOf = (urls: readonly (string | undefined)[]): ReadonlySet<string> =>
  new Set(
    urls.flatMap((text) => {
      const url = text === undefined ? null : URL.parse(text);
      return url === null ? [] : [hostnameOf(url)];
    }),
  );

/** Asks with these hosts known as configured. */
export const withConfiguredHosts = (fetch: ProviderFetch, configuredHosts: ReadonlySet<string>): ProviderFetch =>
  Object.assign((...[url, request]: Parameters<ProviderFetch>) => fetch(url, { ...request, configuredHosts }), {
    isSafe: fetch.isSafe,
  });
