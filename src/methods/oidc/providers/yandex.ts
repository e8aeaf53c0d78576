import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";

const INFO = "https://login.yandex.ru/info";

/**
 * Yandex: OAuth 2.0, who the person is comes from its API. It does not say whether an address was verified, and
 * cannot be made to ask for the password again.
 */
export const yandex: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://oauth.yandex.com",
      authorization_endpoint: "https://oauth.yandex.com/authorize",
      token_endpoint: "https://oauth.yandex.com/token",
    },
  }),
  scopes: (configured = ["login:email", "login:info", "login:avatar"]) => configured,
  pkce: true,
  reauthentication: { reauthentication: "none", parameters: {} },
  claims: async ({ api, accessToken }) => {
    const user = (await api(`${INFO}?format=json`, {
      headers: { authorization: `OAuth ${accessToken}` },
    })) as JsonObject;
    const {
      id,
      first_name,
      last_name,
      real_name,
      login,
      default_email,
      default_avatar_id,
      is_avatar_empty,
      sex,
      birthday,
    } = user;
    const { default_phone } = user as { readonly default_phone?: { readonly number?: string } | null };
    const hasPicture = typeof default_avatar_id === "string" && is_avatar_empty !== true;
    return {
      ...user,
      iss: INFO,
      sub: id ?? "",
      name: real_name ?? null,
      given_name: first_name ?? null,
      family_name: last_name ?? null,
      preferred_username: login ?? null,
      email: default_email ?? null,
      phone_number: default_phone?.number ?? null,
      picture: hasPicture ? `https://avatars.yandex.net/get-yapic/${default_avatar_id}/islands-200` : null,
      gender: sex ?? null,
      birthdate: birthday ?? null,
    };
  },
};
