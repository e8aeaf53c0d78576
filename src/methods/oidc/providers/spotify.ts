import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";

const TOKEN = "https://accounts.spotify.com/api/token";

/**
 * Spotify: OAuth 2.0, who the person is comes from its API. Addresses there are not verified. It cannot be made to
 * ask for the password again.
 */
export const spotify: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://accounts.spotify.com",
      authorization_endpoint: "https://accounts.spotify.com/authorize",
      token_endpoint: TOKEN,
    },
  }),
  scopes: (configured = ["user-read-email", "user-read-private"]) => configured,
  pkce: true,
  reauthentication: { reauthentication: "none", parameters: {} },
  claims: async ({ api }) => {
    const user = (await api("https://api.spotify.com/v1/me")) as JsonObject;
    const { id, display_name, birthdate } = user;
    const { images, external_urls } = user as Shown;
    return {
      ...user,
      iss: TOKEN,
      sub: id ?? "",
      name: display_name ?? null,
      nickname: display_name ?? null,
      picture: images?.[0]?.url ?? null,
      profile: external_urls?.spotify ?? null,
      birthdate: birthdate ?? null,
    };
  },
};

interface Shown {
  readonly images?: readonly { readonly url?: string }[];
  readonly external_urls?: { readonly spotify?: string };
}
