import type { Preset } from "../preset.ts";
import { generic, withOpenid } from "./generic.ts";

/**
 * netID, the European login broker. What it says about the person is at the userinfo endpoint and is asked for by
 * `requested_claims`; the ID token says who it is.
 */
export const netid: Preset = {
  ...generic,
  server: () => ({ kind: "discover", issuer: "https://broker.netid.de/" }),
  scopes: (configured = []) => withOpenid(configured),
  reauthentication: { reauthentication: "none", parameters: {} },
  claims: async ({ config, idToken = {}, userinfo }) =>
    config.claims_source === "id_token" ? idToken : { ...(await userinfo()), ...idToken },
};
