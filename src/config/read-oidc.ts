import type { JsonObject } from "@bufbuild/protobuf";
import { absoluteUrl } from "./absolute-url.ts";
import type { DeclarativeMapperConfig, OidcConfig, ProviderConfig } from "./oidc-config.ts";
import type { Origin } from "./origin.ts";
import type { Slice } from "./slice.ts";
import type { Path } from "./tree.ts";

const at: Path = ["selfservice", "methods", "oidc", "config", "providers"];

/** Reads `selfservice.methods.oidc`. Files of mappers become absolute. */
export function readOidc(oidc: Slice, origin: Origin): OidcConfig {
  const config = oidc.part("config");
  const providers = config.raw("providers") === undefined ? [] : config.parts("providers");
  return {
    enabled: oidc.flag("enabled"),
    config: {
      base_redirect_uri: config.optionalText("base_redirect_uri"),
      providers: providers.map((provider, index) =>
        readProvider(provider, origin.folder([...at, index, "mapper_url"])),
      ),
    },
  };
}

function readProvider(provider: Slice, folder: string): ProviderConfig {
  const mapperUrl = provider.optionalText("mapper_url");
  return {
    id: provider.text("id"),
    provider: provider.choice("provider"),
    label: provider.optionalText("label"),
    client_id: provider.text("client_id"),
    client_secret: provider.optionalText("client_secret"),
    client_auth_method: optionalChoice(provider, "client_auth_method"),
    issuer_url: provider.optionalText("issuer_url"),
    auth_url: provider.optionalText("auth_url"),
    token_url: provider.optionalText("token_url"),
    userinfo_url: provider.optionalText("userinfo_url"),
    jwks_url: provider.optionalText("jwks_url"),
    mapper_url: mapperUrl === undefined ? undefined : absoluteUrl(mapperUrl, folder),
    mapper: readMapper(provider),
    scope: provider.raw("scope") === undefined ? undefined : provider.texts("scope"),
    requested_claims: provider.raw("requested_claims") as JsonObject | undefined,
    microsoft_tenant: provider.optionalText("microsoft_tenant"),
    subject_source: provider.choice("subject_source"),
    apple_team_id: provider.optionalText("apple_team_id"),
    apple_private_key_id: provider.optionalText("apple_private_key_id"),
    apple_private_key: provider.optionalText("apple_private_key"),
    organization_id: provider.optionalText("organization_id"),
    several_accounts: provider.flag("several_accounts"),
    additional_id_token_audiences: provider.texts("additional_id_token_audiences"),
    claims_source: optionalChoice(provider, "claims_source"),
    pkce: provider.choice("pkce"),
    account_linking_mode: provider.choice("account_linking_mode"),
    update_identity_on_login: provider.choice("update_identity_on_login"),
    aal2_acr_values: provider.texts("aal2_acr_values"),
    aal2_amr_values: provider.texts("aal2_amr_values"),
    store_tokens: provider.flag("store_tokens"),
    reauthentication: optionalChoice(provider, "reauthentication"),
  };
}

/** Defaults make an empty map where nothing was written; a mapper has traits. */
function readMapper(provider: Slice): DeclarativeMapperConfig | undefined {
  return provider.raw("mapper.traits") === undefined ? undefined : (provider.raw("mapper") as DeclarativeMapperConfig);
}

function optionalChoice<T extends string>(slice: Slice, key: string): T | undefined {
  return slice.raw(key) === undefined ? undefined : slice.choice<T>(key);
}
