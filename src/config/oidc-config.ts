import type { JsonObject } from "@bufbuild/protobuf";

/** The sign-in providers: `selfservice.methods.oidc`. */
export interface OidcConfig {
  readonly enabled: boolean;
  readonly config: {
    /** In place of the public base URL in redirect URLs. */
    readonly base_redirect_uri: string | undefined;
    /** In the order in which they stand on screen. */
    readonly providers: readonly ProviderConfig[];
  };
}

/** The kinds of provider there are: one file each in methods/oidc/providers. */
export const providerKinds = [
  "generic",
  "amazon",
  "apple",
  "auth0",
  "dingtalk",
  "discord",
  "facebook",
  "github",
  "github-app",
  "gitlab",
  "google",
  "keycloak",
  "lark",
  "line",
  "linkedin",
  "linkedin_v2",
  "microsoft",
  "netid",
  "patreon",
  "salesforce",
  "slack",
  "spotify",
  "uaepass",
  "vk",
  "x",
  "yandex",
] as const;

/** A kind of provider. */
export type ProviderKind = (typeof providerKinds)[number];

/** One provider. What the file does not say is undefined, or the kind's own. */
export interface ProviderConfig {
  /** Names it in links, credentials and redirect URLs. Never changes once people have signed in with it. */
  readonly id: string;
  readonly provider: ProviderKind;
  readonly label: string | undefined;
  readonly client_id: string;
  readonly client_secret: string | undefined;
  /** How the secret is sent to the token endpoint; undefined: as the provider says it takes it. */
  readonly client_auth_method: "client_secret_basic" | "client_secret_post" | undefined;
  readonly issuer_url: string | undefined;
  readonly auth_url: string | undefined;
  readonly token_url: string | undefined;
  readonly userinfo_url: string | undefined;
  readonly jwks_url: string | undefined;
  /** Jsonnet: file:// (absolute by now), base64://, https://. */
  readonly mapper_url: string | undefined;
  /** Instead of Jsonnet. */
  readonly mapper: DeclarativeMapperConfig | undefined;
  /** Undefined: the kind's own. */
  readonly scope: readonly string[] | undefined;
  /** The `claims` parameter of OpenID Connect. */
  readonly requested_claims: JsonObject | undefined;
  readonly microsoft_tenant: string | undefined;
  readonly subject_source: "userinfo" | "me" | "oid";
  readonly apple_team_id: string | undefined;
  readonly apple_private_key_id: string | undefined;
  readonly apple_private_key: string | undefined;
  readonly organization_id: string | undefined;
  /** Whether a person may link more than one account there. */
  readonly several_accounts: boolean;
  /** Client ids of apps whose ID tokens are accepted as well. */
  readonly additional_id_token_audiences: readonly string[];
  readonly claims_source: "id_token" | "userinfo" | undefined;
  readonly pkce: "auto" | "never" | "force";
  readonly account_linking_mode: "confirm_with_existing_credential" | "automatic";
  readonly update_identity_on_login: "never" | "automatic";
  readonly aal2_acr_values: readonly string[];
  readonly aal2_amr_values: readonly string[];
  /** Whether the provider's tokens are stored, encrypted. */
  readonly store_tokens: boolean;
  /** What counts as proving again who one is; undefined: what the kind can prove. */
  readonly reauthentication: "auth_time" | "prompt" | "none" | undefined;
}

/** A table of paths: what is read from which claim. */
export interface DeclarativeMapperConfig {
  readonly traits: Readonly<Record<string, unknown>>;
  readonly metadata_public?: Readonly<Record<string, unknown>>;
  readonly metadata_admin?: Readonly<Record<string, unknown>>;
  readonly verified_addresses?: readonly { readonly via: string; readonly value: string; readonly if?: string }[];
}
