import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";
import type { ProviderFetch } from "../provider-fetch.ts";

const TOKEN = "https://oauth.vk.com/access_token";
const USERS = "https://api.vk.com/method/users.get";
const genders: Readonly<Record<string, string>> = { 1: "female", 2: "male" };

/**
 * VK: OAuth 2.0, who the person is comes from its API, their address beside the access token. It does not say whether
 * it was verified.
 */
export const vk: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://oauth.vk.com",
      authorization_endpoint: "https://oauth.vk.com/authorize",
      token_endpoint: TOKEN,
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
  }),
  scopes: (configured = ["email"]) => configured,
  pkce: false,
  reauthentication: { reauthentication: "none", parameters: {} },
  adaptFetch: (fetch) => Object.assign(typed(fetch), { isSafe: fetch.isSafe }),
  claims: async ({ api, accessToken, tokens }) => {
    // In the body: a token does not stand in a URL.
    const body = new URLSearchParams({ fields: "photo_200,nickname,bdate,sex", access_token: accessToken, v: "5.131" });
    const { response } = (await api(USERS, { method: "POST", body })) as { readonly response?: readonly JsonObject[] };
    const user = response?.[0] ?? {};
    const { id, first_name, last_name, photo_200, sex, bdate } = user;
    return {
      ...user,
      iss: USERS,
      sub: typeof id === "number" ? String(id) : "",
      given_name: first_name ?? null,
      family_name: last_name ?? null,
      picture: photo_200 ?? null,
      gender: genders[String(sex)] ?? null,
      birthdate: bdate ?? null,
      ...(typeof tokens.email === "string" && { email: tokens.email }),
    };
  },
};

/** Its token endpoint does not say of which type the token is, which OAuth 2.0 requires (RFC 6749 §5.1). */
const typed =
  (fetch: ProviderFetch) =>
  async (...[url, request]: Parameters<ProviderFetch>): Promise<Response> => {
    const answer = await fetch(url, request);
    if (url !== TOKEN || !answer.ok) return answer;
    const tokens = (await answer.json().catch(() => ({}))) as JsonObject;
    return Response.json({ token_type: "bearer", ...tokens }, { status: answer.status });
  };
