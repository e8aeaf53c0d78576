import type { ProviderConfig } from "../../../config/oidc-config.ts";
import { claimsAsGiven, type Preset, type ProviderServer } from "../preset.ts";

/**
 * Any OpenID Connect provider. Its endpoints are discovered from `issuer_url`;
 * one that cannot be discovered is described in full: `auth_url`, `token_url`
 * and `jwks_url`.
 */
export const generic: Preset = {
  protocol: "openid",
  adjustClaims: claimsAsGiven,
  server: (config) => describedServer(config) ?? { kind: "discover", issuer: config.issuer_url ?? "" },
  scopes: (configured = []) => withOpenid(configured),
  pkce: true,
  // OpenID Connect Core 3.1.2.1.
  accountChoice: { prompt: "select_account" },
  reauthentication: { reauthentication: "auth_time", parameters: { prompt: "login", max_age: "0" } },
};

/** The scopes as configured, and `openid` after them: without it there is no ID token. */
export const withOpenid = (scopes: readonly string[]): readonly string[] =>
  scopes.includes("openid") ? scopes : [...scopes, "openid"];

const describedServer = ({
  issuer_url,
  auth_url,
  token_url,
  jwks_url,
  userinfo_url,
}: ProviderConfig): ProviderServer | undefined => {
  if (issuer_url === undefined || auth_url === undefined || token_url === undefined || jwks_url === undefined)
    return undefined;
  const userinfo = userinfo_url === undefined ? {} : { userinfo_endpoint: userinfo_url };
  return {
    kind: "known",
    metadata: {
      issuer: issuer_url,
      authorization_endpoint: auth_url,
      token_endpoint: token_url,
      jwks_uri: jwks_url,
      ...userinfo,
    },
  };
};
