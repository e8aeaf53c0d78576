import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";

const ME = "https://api.x.com/2/users/me";
const FIELDS = "profile_image_url,url,confirmed_email";

/**
 * X, with OAuth 2.0: who the person is comes from its API. It tells confirmed addresses only, with the scope
 * `users.email`. It cannot be made to ask for the password again.
 */
export const x: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://x.com",
      authorization_endpoint: "https://x.com/i/oauth2/authorize",
      token_endpoint: "https://api.x.com/2/oauth2/token",
    },
  }),
  // `email` is what configurations for OAuth 1.0a call it.
  scopes: (configured = ["users.read", "tweet.read", "users.email"]) => {
    const named = configured.map((scope) => (scope === "email" ? "users.email" : scope));
    return [...new Set([...named, "users.read", "tweet.read"])];
  },
  pkce: true,
  reauthentication: { reauthentication: "none", parameters: {} },
  claims: async ({ api }) => {
    const { data } = (await api(`${ME}?user.fields=${FIELDS}`)) as { readonly data?: JsonObject | null };
    const user = data ?? {};
    const { id, username, profile_image_url, url, confirmed_email } = user;
    return {
      ...user,
      iss: ME,
      sub: id ?? "",
      preferred_username: username ?? null,
      picture: profile_image_url ?? null,
      website: url ?? null,
      ...(typeof confirmed_email === "string" && { email: confirmed_email, email_verified: true }),
    };
  },
};
