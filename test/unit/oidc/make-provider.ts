import type { ProviderConfig } from "../../../src/config/oidc-config.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { type AuthorizationState, newAuthorizationState } from "../../../src/methods/oidc/authorization-state.ts";
import { createProviderClient, type ProviderClient } from "../../../src/methods/oidc/client.ts";
import { createProviderFetch, type ProviderFetchOptions } from "../../../src/methods/oidc/provider-fetch.ts";
import { presets } from "../../../src/methods/oidc/providers/presets.ts";

/** The configuration of a provider, whole; what a test cares about is given. */
export const makeConfig = (parts: Partial<ProviderConfig> = {}): ProviderConfig => ({
  id: "acme",
  provider: "generic",
  label: undefined,
  client_id: "client",
  client_secret: "a-secret-of-the-test",
  client_auth_method: undefined,
  issuer_url: undefined,
  auth_url: undefined,
  token_url: undefined,
  userinfo_url: undefined,
  jwks_url: undefined,
  mapper_url: undefined,
  mapper: undefined,
  scope: ["email"],
  requested_claims: undefined,
  microsoft_tenant: undefined,
  subject_source: "userinfo",
  apple_team_id: undefined,
  apple_private_key_id: undefined,
  apple_private_key: undefined,
  organization_id: undefined,
  several_accounts: false,
  additional_id_token_audiences: [],
  claims_source: undefined,
  pkce: "auto",
  account_linking_mode: "confirm_with_existing_credential",
  update_identity_on_login: "never",
  aal2_acr_values: [],
  aal2_amr_values: [],
  store_tokens: true,
  reauthentication: undefined,
  ...parts,
});

/** Where the provider of a test sends people back to. */
export const callback = "http://127.0.0.1:4433/self-service/methods/oidc/callback/acme";

/** A client of one provider; keys that are not known are looked for at once, or as often as is said (milliseconds). */
export const makeClient = (
  config: ProviderConfig,
  network: ProviderFetchOptions = {},
  keyCooldown = 0,
): ProviderClient =>
  createProviderClient({
    config,
    preset: presets[config.provider],
    fetch: createProviderFetch({ timeout: 1000, pause: 10, ...network }),
    clock: systemClock,
    keyCooldown,
  });

/** A trip back to the callback of a test. */
export const makeAuthorizationState = (redirectUri = callback): AuthorizationState =>
  newAuthorizationState(redirectUri, systemClock);
