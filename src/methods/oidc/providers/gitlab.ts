import type { Preset } from "../preset.ts";
import { generic, withOpenid } from "./generic.ts";

/**
 * GitLab, the public one or with `issuer_url` your own. The ID token leaves out what only the userinfo endpoint
 * tells, such as groups.
 */
export const gitlab: Preset = {
  ...generic,
  server: (config) =>
    config.issuer_url === undefined ? { kind: "discover", issuer: "https://gitlab.com" } : generic.server(config),
  scopes: (configured = ["email", "profile"]) => withOpenid(configured),
  claims: async ({ config, idToken = {}, userinfo }) =>
    config.claims_source === "id_token" ? idToken : { ...(await userinfo()), ...idToken },
};
