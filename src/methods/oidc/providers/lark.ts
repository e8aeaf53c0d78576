import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";

const PASSPORT = "https://passport.feishu.cn/suite/passport/oauth";

/**
 * Lark (Feishu): OAuth 2.0, who the person is comes from its userinfo endpoint. The subject is the person's id within
 * the app (`open_id`).
 */
export const lark: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://passport.feishu.cn",
      authorization_endpoint: `${PASSPORT}/authorize`,
      token_endpoint: `${PASSPORT}/token`,
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
  }),
  // It has no scopes.
  scopes: (configured = []) => configured,
  pkce: false,
  reauthentication: { reauthentication: "none", parameters: {} },
  claims: async ({ api }) => {
    const user = (await api(`${PASSPORT}/userinfo`)) as JsonObject;
    const { open_id, name, avatar_url, mobile } = user;
    return {
      ...user,
      iss: `${PASSPORT}/userinfo`,
      sub: open_id ?? "",
      nickname: name ?? null,
      picture: avatar_url ?? null,
      phone_number: mobile ?? null,
    };
  },
};
