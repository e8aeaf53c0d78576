import type { JsonObject } from "@bufbuild/protobuf";
import { claimsAsGiven, type Preset } from "../preset.ts";
import type { ProviderFetch } from "../provider-fetch.ts";

const TOKEN = "https://api.dingtalk.com/v1.0/oauth2/userAccessToken";
const ME = "https://api.dingtalk.com/v1.0/contact/users/me";

/**
 * DingTalk: OAuth 2.0 whose token endpoint takes and answers JSON with names of
 * its own; who the person is comes from its API. The subject is the person's id
 * within the app (`openId`).
 */
export const dingtalk: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: () => ({
    kind: "known",
    metadata: {
      issuer: "https://login.dingtalk.com",
      authorization_endpoint: "https://login.dingtalk.com/oauth2/auth",
      token_endpoint: TOKEN,
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
  }),
  // It takes `openid`, or `openid corpid`, and nothing else.
  scopes: (configured = ["openid"]) => configured,
  pkce: false,
  parameters: { prompt: "consent" },
  reauthentication: { reauthentication: "none", parameters: {} },
  adaptFetch: (fetch) => Object.assign(exchanging(fetch), { isSafe: fetch.isSafe }),
  claims: async ({ api, accessToken }) => {
    const user = (await api(ME, { headers: { "x-acs-dingtalk-access-token": accessToken } })) as JsonObject;
    const { openId, nick, avatarUrl } = user;
    return {
      ...user,
      iss: ME,
      sub: openId ?? "",
      name: nick ?? null,
      nickname: nick ?? null,
      picture: avatarUrl ?? null,
    };
  },
};

/** Writes the token request as JSON and reads its answer as one of OAuth 2.0 (RFC 6749 §4.1.3, §5.1). */
const exchanging =
  (fetch: ProviderFetch) =>
  async (...[url, request]: Parameters<ProviderFetch>): Promise<Response> => {
    if (url !== TOKEN) return fetch(url, request);
    const form = new URLSearchParams(request.body);
    const answer = await fetch(url, {
      ...request,
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify({
        clientId: form.get("client_id"),
        clientSecret: form.get("client_secret"),
        code: form.get("code"),
        grantType: "authorization_code",
      }),
    });
    const { accessToken, refreshToken, expireIn } = (await answer.json().catch(() => ({}))) as Readonly<
      Record<string, unknown>
    >;
    if (!answer.ok || typeof accessToken !== "string")
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    return Response.json({
      access_token: accessToken,
      token_type: "bearer",
      ...(typeof refreshToken === "string" && { refresh_token: refreshToken }),
      ...(typeof expireIn === "number" && { expires_in: expireIn }),
    });
  };
