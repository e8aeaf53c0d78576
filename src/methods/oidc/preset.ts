import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ClientAuth, ServerMetadata } from "openid-client";
import type { ProviderConfig } from "../../config/oidc-config.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ProviderFetch, ProviderRequest } from "./provider-fetch.ts";

/** Where a provider's endpoints are: behind an issuer that is asked, or known. */
export type ProviderServer =
  | { readonly kind: "discover"; readonly issuer: string }
  | { readonly kind: "known"; readonly metadata: ServerMetadata };

/**
 * What a provider can show of a person who authenticates again:
 * - `auth_time`: its ID token says when they did, and that is checked;
 * - `prompt`: it asks when requested to, and the answer does not show whether it did;
 * - `none`: it cannot be made to ask.
 */
export type ReauthenticationProof = "auth_time" | "prompt" | "none";

/** What a kind's own way of reading claims has at hand, once the code was exchanged. */
export interface ClaimsSource {
  readonly config: ProviderConfig;
  /** Of the verified ID token; undefined for kinds that have none. */
  readonly idToken: JsonObject | undefined;
  /** What came back with the browser beside the code. */
  readonly params: URLSearchParams;
  /** The scopes that were granted. */
  readonly scopes: readonly string[];
  readonly accessToken: string;
  /** What the token endpoint answered. */
  readonly tokens: JsonObject;
  /** Asks the userinfo endpoint, whose subject must be that of the ID token. */
  userinfo(): Promise<JsonObject>;
  /** Asks the provider's API with the access token. @throws ProviderFetchError */
  api(url: string, request?: Partial<ProviderRequest>): Promise<JsonValue>;
}

/** What is peculiar to one kind of provider. Everything else is OpenID Connect. */
export interface Preset {
  /** Whether there is an ID token, and so a nonce. */
  readonly protocol: "openid" | "oauth2";
  server(config: ProviderConfig): ProviderServer;
  /** The scopes asked for, of those configured (undefined: none were). */
  scopes(configured: readonly string[] | undefined): readonly string[];
  /** False: known not to take PKCE. Otherwise it is used unless the provider's metadata say that it cannot. */
  readonly pkce: boolean;
  /** Further parameters of every authorization request. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly reauthentication: {
    readonly reauthentication: ReauthenticationProof;
    readonly parameters: Readonly<Record<string, string>>;
  };
  /** Parameters that have a person choose among their accounts. Left out: there are none. */
  readonly accountChoice?: Readonly<Record<string, string>>;
  /** Further parameters of every token request. */
  readonly tokenParameters?: Readonly<Record<string, string>>;
  /** For providers whose token endpoint speaks a dialect of its own. */
  readonly adaptFetch?: (fetch: ProviderFetch) => ProviderFetch;
  /** Instead of the configured secret. */
  readonly clientAuth?: (config: ProviderConfig, clock: Clock) => ClientAuth;
  /** For providers whose metadata name a template of an issuer. */
  readonly acceptsIssuer?: (iss: string, claims: JsonObject, configured: string, config: ProviderConfig) => boolean;
  /** ID tokens of the provider's own apps, if these have another source than those of browsers. */
  readonly nativeTokens?: { readonly issuer: string; readonly jwksUrl: string };
  /**
   * Reads who the person is. Left out: the ID token, or with `claims_source: userinfo` the userinfo endpoint as
   * well.
   */
  readonly claims?: (source: ClaimsSource) => Promise<JsonObject>;
  /**
   * What is made of claims, whether a browser or an app brought the ID token. Each kind says it; `claimsAsGiven` where
   * they stay as they are.
   *
   * @throws ProviderFetchError when they do not tell what is configured
   */
  readonly adjustClaims: AdjustClaims;
}

/** What is at hand wherever claims come from. */
export interface AnySource {
  readonly config: ProviderConfig;
  /** Left out where an app brought the ID token: there is no access token then. */
  readonly api?: ClaimsSource["api"];
}

/** Makes the claims of a kind of provider what those of others are. */
export type AdjustClaims = (claims: JsonObject, source: AnySource) => Promise<JsonObject>;

/** For kinds whose claims stay as they are. */
export const claimsAsGiven: AdjustClaims = async (claims) => claims;
