import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type ClaimsSource, claimsAsGiven, type Preset } from "../preset.ts";

const API = "https://api.github.com";
const headers = {
  accept: "application/vnd.github+json",
  "x-github-api-version": "2022-11-28",
  "user-agent": "ostiary",
};

/**
 * GitHub: OAuth 2.0 without ID tokens, so who the person is comes from its API.
 * The e-mail address is the primary one of `/user/emails`, which needs the scope
 * `user:email`; the one on the profile may be anything. The issuer in the claims
 * is the one that configurations of Ory Kratos have in their mappers.
 */
export const github: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://github.com/login/oauth",
      authorization_endpoint: "https://github.com/login/oauth/authorize",
      token_endpoint: "https://github.com/login/oauth/access_token",
    },
  }),
  scopes: (configured = ["user:email"]) => configured,
  pkce: true,
  accountChoice: { prompt: "select_account" },
  reauthentication: { reauthentication: "none", parameters: { prompt: "select_account" } },
  claims: async ({ api, scopes }) => {
    const mayRead = scopes.some((scope) => scope === "user" || scope === "user:email");
    return { ...(await githubUser(api)), ...(mayRead && (await githubEmail(api))) };
  },
};

/** The claims of the person's profile, without their address: the one there may be anything. */
export const githubUser = async (api: ClaimsSource["api"]): Promise<JsonObject> => {
  const user = (await api(`${API}/user`, { headers })) as JsonObject;
  return {
    ...user,
    iss: "https://github.com/login/oauth/access_token",
    sub: typeof user.id === "number" ? String(user.id) : "",
    nickname: user.login ?? null,
    preferred_username: user.login ?? null,
    website: user.blog ?? null,
    picture: user.avatar_url ?? null,
    profile: user.html_url ?? null,
    email: null,
  };
};

/** The claims of the person's primary address. */
export const githubEmail = async (api: ClaimsSource["api"]): Promise<JsonObject> =>
  primaryOf(await api(`${API}/user/emails`, { headers }));

const primaryOf = (list: JsonValue): JsonObject => {
  const entries = Array.isArray(list) ? (list as JsonObject[]) : [];
  const primary = entries.find((entry) => entry?.primary === true);
  return typeof primary?.email === "string" ? { email: primary.email, email_verified: primary.verified === true } : {};
};
