import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";
import type { ProviderFetch } from "../provider-fetch.ts";

const API = "https://api.linkedin.com/v2";
const PICTURE = "profilePicture(displayImage~digitalmediaAsset:playableStreams)";
const endpoints = {
  authorization_endpoint: "https://www.linkedin.com/oauth/v2/authorization",
  token_endpoint: "https://www.linkedin.com/oauth/v2/accessToken",
  token_endpoint_auth_methods_supported: ["client_secret_post"],
};

/**
 * LinkedIn as it was until 2023: OAuth 2.0, who the person is comes from its
 * API. Apps that have the product still work; new ones use `linkedin_v2`. It
 * takes PKCE from apps that it has enabled it for only, and fails for others.
 */
export const linkedin: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({ kind: "known", metadata: { issuer: "https://www.linkedin.com", ...endpoints } }),
  scopes: (configured = ["r_liteprofile", "r_emailaddress"]) => configured,
  pkce: false,
  reauthentication: { reauthentication: "none", parameters: {} },
  claims: async ({ api, scopes }) => {
    const user = (await api(`${API}/me?projection=(id,localizedFirstName,localizedLastName,${PICTURE})`)) as JsonObject;
    const email = scopes.includes("r_emailaddress")
      ? emailOf(await api(`${API}/emailAddress?q=members&projection=(elements*(handle~))`))
      : {};
    return {
      ...user,
      iss: "https://login.linkedin.com/",
      sub: user.id ?? "",
      given_name: user.localizedFirstName ?? null,
      family_name: user.localizedLastName ?? null,
      last_name: user.localizedLastName ?? null,
      picture: pictureOf(user),
      ...email,
    };
  },
};

/**
 * LinkedIn with OpenID Connect. Its ID tokens have no nonce, and name now one
 * issuer, now another, so they are left aside: its userinfo endpoint tells the
 * same to whoever holds the code and the secret.
 */
export const linkedinV2: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({ kind: "known", metadata: { issuer: "https://www.linkedin.com/oauth", ...endpoints } }),
  scopes: (configured = ["openid", "profile", "email"]) =>
    configured.includes("openid") ? configured : [...configured, "openid"],
  pkce: false,
  reauthentication: { reauthentication: "none", parameters: {} },
  adaptFetch: (fetch) => Object.assign(withoutIdToken(fetch), { isSafe: fetch.isSafe }),
  claims: async ({ api }) => ({
    ...((await api(`${API}/userinfo`)) as JsonObject),
    iss: "https://www.linkedin.com/oauth",
  }),
};

const withoutIdToken =
  (fetch: ProviderFetch) =>
  async (...[url, request]: Parameters<ProviderFetch>): Promise<Response> => {
    const answer = await fetch(url, request);
    if (url !== endpoints.token_endpoint || !answer.ok) return answer;
    const { id_token: _, ...tokens } = (await answer.json().catch(() => ({}))) as JsonObject;
    return Response.json(tokens, { status: answer.status });
  };

interface Found {
  readonly elements?: readonly { readonly "handle~"?: { readonly emailAddress?: string } }[];
}

const emailOf = (answer: JsonValue): JsonObject => {
  const address = (answer as Found | null)?.elements?.[0]?.["handle~"]?.emailAddress;
  return typeof address === "string" ? { email: address } : {};
};

interface Pictured {
  readonly profilePicture?: {
    readonly "displayImage~"?: {
      readonly elements?: readonly { readonly identifiers?: readonly { readonly identifier?: string }[] }[];
    };
  };
}

/** The largest comes last. */
const pictureOf = (user: JsonObject): string | null =>
  (user as Pictured).profilePicture?.["displayImage~"]?.elements?.at(-1)?.identifiers?.[0]?.identifier ?? null;
