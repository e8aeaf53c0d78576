import type { Preset } from "../preset.ts";
import { generic, withOpenid } from "./generic.ts";

/**
 * Salesforce: `issuer_url` is `https://login.salesforce.com` or that of a My Domain. Its userinfo endpoint tells more
 * than the ID token. It asks for the password with `prompt=login`, and says nowhere that it did.
 */
export const salesforce: Preset = {
  ...generic,
  server: (config) => generic.server({ ...config, issuer_url: config.issuer_url?.replace(/\/+$/, "") }),
  scopes: (configured = ["email", "profile"]) => withOpenid(configured),
  reauthentication: { reauthentication: "prompt", parameters: { prompt: "login" } },
  claims: async ({ config, idToken = {}, userinfo }) =>
    config.claims_source === "id_token" ? idToken : { ...(await userinfo()), ...idToken },
};
