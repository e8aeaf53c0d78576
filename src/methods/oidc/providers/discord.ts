import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";

const CDN = "https://cdn.discordapp.com/avatars";

/** Discord: OAuth 2.0; who the person is comes from its API. It cannot be made to ask for the password again. */
export const discord: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://discord.com",
      authorization_endpoint: "https://discord.com/oauth2/authorize",
      token_endpoint: "https://discord.com/api/oauth2/token",
    },
  }),
  scopes: (configured = ["identify", "email"]) =>
    configured.includes("identify") ? configured : [...configured, "identify"],
  pkce: true,
  reauthentication: { reauthentication: "none", parameters: { prompt: "consent" } },
  claims: async ({ api }) => {
    const user = (await api("https://discord.com/api/v10/users/@me")) as JsonObject;
    const { id, username, global_name, avatar, email, verified, locale } = user;
    const address: JsonObject = typeof email === "string" ? { email, email_verified: verified === true } : {};
    const picture: JsonObject =
      typeof id === "string" && typeof avatar === "string" ? { picture: `${CDN}/${id}/${avatar}.png` } : {};
    return {
      ...user,
      iss: "https://discord.com/api/oauth2/",
      sub: id ?? "",
      name: global_name ?? username ?? null,
      nickname: username ?? null,
      preferred_username: username ?? null,
      locale: locale ?? null,
      ...picture,
      ...address,
    };
  },
};
