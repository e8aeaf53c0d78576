import { createHash } from "node:crypto";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import * as openid from "openid-client";
import type { ProviderConfig } from "../../config/oidc-config.ts";
import type { Clock } from "../../lib/clock.ts";
import type { AuthorizationState } from "./authorization-state.ts";
import { type Claims, readClaims } from "./claims.ts";
import { configuredHostsOf, withConfiguredHosts } from "./configured-hosts.ts";
import { createDiscovery, type Discovered } from "./discovered.ts";
import { isSame, verifyIdToken } from "./id-token.ts";
import { createKeys } from "./keys.ts";
import type { ClaimsSource, Preset } from "./preset.ts";
import type { ProviderFetch } from "./provider-fetch.ts";
import { ProviderFetchError, type Refused, refused } from "./refusal.ts";
import { refusalOf, said } from "./refusal-of.ts";

/** Where to send a person, and with what in mind. */
export interface AuthorizationRequest {
  readonly authorization: AuthorizationState;
  /** Already filtered. */
  readonly upstream?: Readonly<Record<string, string>>;
  /** The person is to authenticate again. */
  readonly reauthenticate?: boolean;
  /** The person is to choose among their accounts, unless anything else is said of that. */
  readonly choosesAccount?: boolean;
}

/** The provider's tokens, as they came. */
export interface ProviderTokens {
  readonly idToken: string | undefined;
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
}

/** A person came back, and the provider says who it is. */
export interface Completed {
  readonly kind: "completed";
  readonly claims: Claims;
  readonly tokens: ProviderTokens;
}

/** Talks to one provider. Nothing is thrown for what the provider or the person does; nothing waits without end. */
export interface ProviderClient {
  /** Where to send the person. */
  authorizationUrl(
    request: AuthorizationRequest,
  ): Promise<{ readonly kind: "redirect"; readonly location: string } | Refused>;
  /** Reads the answer the person came back with: exchanges the code, verifies, asks who it is. */
  complete(params: URLSearchParams, authorization: AuthorizationState): Promise<Completed | Refused>;
  /** Reads an ID token that an app got by itself. `nonce` is the one that we gave it. */
  completeNative(idToken: string, nonce: string): Promise<Completed | Refused>;
  /** Finds the provider ahead of the first sign-in. */
  warm(): Promise<Refused | undefined>;
}

/** What a client is made of. */
export interface ProviderClientDeps {
  readonly config: ProviderConfig;
  readonly preset: Preset;
  readonly fetch: ProviderFetch;
  readonly clock: Clock;
  /** Milliseconds between looks for a key that is not known. */
  readonly keyCooldown?: number | undefined;
}

/** Creates the client of one provider, on openid-client. */
export const createProviderClient = (deps: ProviderClientDeps): ProviderClient => {
  const { config, preset, clock } = deps;
  const fetch = adapted(withConfiguredHosts(deps.fetch, configuredHostsOf(config, preset)), preset);
  const discover = createDiscovery({ ...deps, fetch });
  const isOpenid = preset.protocol === "openid";
  const native = preset.nativeTokens && {
    issuer: preset.nativeTokens.issuer,
    keys: createKeys({ url: preset.nativeTokens.jwksUrl, fetch, clock, cooldown: deps.keyCooldown }),
  };

  const issuerOf = ({ issuer }: { readonly issuer: string }) => {
    const { acceptsIssuer } = preset;
    return acceptsIssuer ? (iss: string, claims: JsonObject) => acceptsIssuer(iss, claims, issuer, config) : issuer;
  };

  const exchange = async (
    found: Discovered,
    params: URLSearchParams,
    authorization: AuthorizationState,
  ): Promise<Completed | Refused> => {
    const back = new URL(authorization.redirectUri);
    for (const name of ["code", "state", "iss"])
      for (const value of params.getAll(name)) back.searchParams.append(name, value);
    const checks = {
      expectedState: authorization.state,
      ...(usesPkce(config, preset, found) && { pkceCodeVerifier: authorization.codeVerifier }),
      ...(isOpenid && { expectedNonce: authorization.nonce, idTokenExpected: true }),
    };
    const response = await openid.authorizationCodeGrant(found.server, back, checks, preset.tokenParameters);
    let idToken: JsonObject | undefined;
    if (isOpenid && found.keys) {
      const expected = {
        keys: found.keys,
        issuer: issuerOf(found.metadata),
        audiences: [config.client_id],
        nonce: authorization.nonce,
      };
      const verified = await verifyIdToken(response.id_token ?? "", expected, clock);
      if (verified.kind === "refused") return verified;
      idToken = verified.claims;
    }
    const sent = await readSource({ found, params, idToken, response });
    const claims = readClaims(sent);
    if (typeof claims === "string") return refused("claims", claims);
    return {
      kind: "completed",
      claims,
      tokens: { idToken: response.id_token, accessToken: response.access_token, refreshToken: response.refresh_token },
    };
  };

  const readSource = async ({ found, params, idToken, response }: Answered): Promise<JsonObject> => {
    const accessToken = response.access_token;
    const authorization = { authorization: `Bearer ${accessToken}` };
    const source: ClaimsSource = {
      config,
      idToken,
      params,
      accessToken,
      tokens: response as unknown as JsonObject,
      scopes: response.scope?.split(/[ ,]+/) ?? preset.scopes(config.scope),
      userinfo: async () =>
        (await openid.fetchUserInfo(found.server, accessToken, String(idToken?.sub ?? ""))) as JsonObject,
      api: async (url, request = {}) =>
        readJson(
          url,
          await fetch(url, {
            method: "GET",
            ...request,
            headers: { accept: "application/json", ...authorization, ...request.headers },
          }),
        ),
    };
    return preset.adjustClaims(await (preset.claims ?? standardClaims)(source), source);
  };

  return {
    authorizationUrl: ({ authorization, upstream = {}, reauthenticate = false, choosesAccount = false }) =>
      orRefused(async () => {
        const found = await discover();
        const url = openid.buildAuthorizationUrl(found.server, {
          ...(choosesAccount && accountChoiceOf(preset, found)),
          ...preset.parameters,
          ...(config.requested_claims && { claims: JSON.stringify(config.requested_claims) }),
          ...upstream,
          ...(reauthenticate && preset.reauthentication.parameters),
          redirect_uri: authorization.redirectUri,
          ...scopeOf(preset.scopes(config.scope)),
          state: authorization.state,
          ...(isOpenid && { nonce: authorization.nonce }),
          ...(usesPkce(config, preset, found) && {
            code_challenge: challengeOf(authorization.codeVerifier),
            code_challenge_method: "S256",
          }),
        });
        url.searchParams.sort();
        return { kind: "redirect", location: url.href };
      }),

    complete: (params, authorization) =>
      orRefused(async () => {
        const wrong = wrongAtSight(params, authorization);
        if (wrong) return wrong;
        const found = await discover();
        const iss = params.get("iss");
        if (iss !== null && !found.metadata.issuer.includes("{") && iss !== found.metadata.issuer)
          return refused("issuer", "the answer comes from another provider (iss)");
        return exchange(found, params, authorization);
      }),

    completeNative: (idToken, nonce) =>
      orRefused(async () => {
        const found = native ?? nativeOf(await discover());
        if (!found.keys) return refused("misconfigured", "the provider has no ID tokens");
        const audiences = [config.client_id, ...config.additional_id_token_audiences];
        const verified = await verifyIdToken(
          idToken,
          { keys: found.keys, issuer: issuerOf(found), audiences, nonce },
          clock,
        );
        if (verified.kind === "refused") return verified;
        const claims = readClaims(await preset.adjustClaims(verified.claims, { config }));
        if (typeof claims === "string") return refused("claims", claims);
        return { kind: "completed", claims, tokens: { idToken, accessToken: undefined, refreshToken: undefined } };
      }),

    warm: () =>
      orRefused(async () => {
        await discover();
        return undefined;
      }),
  };
};

/** What the ID token says was signed, so it wins. */
const standardClaims = async ({ config, idToken = {}, userinfo }: ClaimsSource): Promise<JsonObject> =>
  config.claims_source === "userinfo" ? { ...(await userinfo()), ...idToken } : idToken;

const adapted = (fetch: ProviderFetch, { adaptFetch }: Preset): ProviderFetch => adaptFetch?.(fetch) ?? fetch;

/** Some providers have no scopes. */
const scopeOf = (scopes: readonly string[]) => (scopes.length === 0 ? {} : { scope: scopes.join(" ") });

interface Answered {
  readonly found: Discovered;
  readonly params: URLSearchParams;
  readonly idToken: JsonObject | undefined;
  readonly response: Awaited<ReturnType<typeof openid.authorizationCodeGrant>>;
}

const nativeOf = ({ metadata, keys }: Discovered) => ({ issuer: metadata.issuer, keys });

/** What is wrong before anyone else is asked. */
const wrongAtSight = (params: URLSearchParams, authorization: AuthorizationState): Refused | undefined => {
  if (params.getAll("state").length !== 1 || !isSame(authorization.state, params.get("state")))
    return refused("state", "the answer is not to this question (state)");
  const error = params.get("error");
  if (error !== null)
    return refused(DENIALS.has(error) ? "denied" : BUSY.has(error) ? "unavailable" : "provider_error", said(error));
  if (params.getAll("code").length !== 1 || params.get("code") === "")
    return refused("no_code", "the answer has no code");
  return undefined;
};

/** What providers call it when the person did not want to. */
const DENIALS = new Set([
  "access_denied",
  "user_cancelled_authorize",
  "user_cancelled_login",
  "user_denied",
  "consent_required",
  "login_required",
  "interaction_required",
  "account_selection_required",
]);

/** What they call it when they cannot (RFC 6749 4.1.2.1). */
const BUSY = new Set(["temporarily_unavailable", "server_error"]);

/** PKCE whenever nothing speaks against it: what a provider does not know it ignores. */
const usesPkce = ({ pkce }: ProviderConfig, preset: Preset, { metadata }: Discovered): boolean => {
  if (pkce !== "auto") return pkce === "force";
  return preset.pkce && (metadata.code_challenge_methods_supported?.includes("S256") ?? true);
};

/** A provider may list the prompts that it knows (OpenID Connect Prompt Create 1.0, section 4.1) and refuse others. */
const accountChoiceOf = ({ accountChoice = {} }: Preset, { metadata }: Discovered): Preset["accountChoice"] => {
  const { prompt_values_supported: known } = metadata;
  const isKnown = !Array.isArray(known) || accountChoice.prompt === undefined || known.includes(accountChoice.prompt);
  return isKnown ? accountChoice : {};
};

const challengeOf = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url");

const readJson = async (url: string, response: Response): Promise<JsonValue> => {
  const { host } = new URL(url);
  if (!response.ok) throw new ProviderFetchError("unavailable", `${host} answered ${response.status}`);
  const value = (await response.json().catch(() => undefined)) as JsonValue | undefined;
  if (typeof value !== "object" || value === null)
    throw new ProviderFetchError("unavailable", `what ${host} answered is no JSON object or list`);
  return value;
};

/** Whatever goes wrong on the way to a provider and back is a refusal; what is left is a mistake of ours. */
const orRefused = async <T>(work: () => Promise<T>): Promise<T | Refused> => {
  try {
    return await work();
  } catch (error) {
    return refusalOf(error);
  }
};
