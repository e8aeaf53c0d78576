import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";

const TOKEN = "https://api.amazon.com/auth/o2/token";

/**
 * Login with Amazon: OAuth 2.0, who the person is comes from its profile API. It does not say whether an address was
 * verified, and cannot be made to ask for the password again.
 */
export const amazon: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://www.amazon.com",
      authorization_endpoint: "https://www.amazon.com/ap/oa",
      token_endpoint: TOKEN,
    },
  }),
  scopes: (configured = ["profile"]) => configured,
  pkce: true,
  reauthentication: { reauthentication: "none", parameters: {} },
  claims: async ({ api, accessToken }) => {
    const headers = { "x-amz-access-token": accessToken };
    const user = (await api("https://api.amazon.com/user/profile", { headers })) as JsonObject;
    // Mappers of existing configurations look for the postal code there.
    return { ...user, iss: TOKEN, sub: user.user_id ?? "", zoneinfo: user.postal_code ?? null };
  },
};
