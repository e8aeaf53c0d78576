import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";

const FIELDS = "first_name,last_name,url,full_name,email,image_url,is_email_verified";

/**
 * Patreon: OAuth 2.0, who the person is comes from its API, whose answers are JSON:API. It cannot be made to ask for
 * the password again.
 */
export const patreon: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://www.patreon.com",
      authorization_endpoint: "https://www.patreon.com/oauth2/authorize",
      token_endpoint: "https://www.patreon.com/api/oauth2/token",
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
  }),
  scopes: (configured = ["identity", "identity[email]"]) => configured,
  pkce: false,
  reauthentication: { reauthentication: "none", parameters: {} },
  claims: async ({ api }) => {
    const answer = (await api(`https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=${FIELDS}`)) as Answer;
    const { id, attributes } = answer.data ?? {};
    const { full_name, first_name, last_name, email, image_url, url, is_email_verified } = attributes ?? {};
    return {
      ...attributes,
      iss: "https://www.patreon.com/",
      sub: id ?? "",
      name: full_name ?? null,
      given_name: first_name ?? null,
      family_name: last_name ?? null,
      last_name: last_name ?? null,
      picture: image_url ?? null,
      profile: url ?? null,
      ...(typeof email === "string" && { email, email_verified: is_email_verified === true }),
    };
  },
};

interface Answer {
  readonly data?: { readonly id?: string; readonly attributes?: JsonObject | null } | null;
}
