import { createHmac } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";

const VERSION = "v23.0";
const FIELDS = "id,name,first_name,middle_name,last_name,email,picture";

/**
 * Facebook: OAuth 2.0 in browsers, who the person is comes from the Graph API;
 * iOS apps get ID tokens (Limited Login). With `auth_type=reauthenticate` it
 * asks for the password again, and says nowhere that it did. It does not say
 * either whether an address was verified, so none counts as such.
 */
export const facebook: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://www.facebook.com",
      authorization_endpoint: `https://www.facebook.com/${VERSION}/dialog/oauth`,
      token_endpoint: `https://graph.facebook.com/${VERSION}/oauth/access_token`,
    },
  }),
  scopes: (configured = ["email", "public_profile"]) => configured,
  pkce: true,
  reauthentication: { reauthentication: "prompt", parameters: { auth_type: "reauthenticate" } },
  nativeTokens: {
    issuer: "https://www.facebook.com",
    jwksUrl: "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
  },
  claims: async ({ config, accessToken, api }) => {
    // Shows the API that whoever asks holds the secret, not a stolen token alone.
    const proof = createHmac("sha256", config.client_secret ?? "")
      .update(accessToken)
      .digest("hex");
    const user = (await api(
      `https://graph.facebook.com/${VERSION}/me?fields=${FIELDS}&appsecret_proof=${proof}`,
    )) as JsonObject;
    const { id, first_name, middle_name, last_name, picture } = user;
    return {
      ...user,
      iss: "https://graph.facebook.com",
      sub: id ?? "",
      given_name: first_name ?? null,
      middle_name: middle_name ?? null,
      family_name: last_name ?? null,
      picture: (picture as { readonly data?: { readonly url?: string } } | undefined)?.data?.url ?? null,
    };
  },
};
