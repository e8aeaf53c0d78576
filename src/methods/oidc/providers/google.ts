import type { Preset } from "../preset.ts";
import { generic, withOpenid } from "./generic.ts";

/**
 * Google. It takes `prompt=select_account` but no `prompt=login`, and its ID
 * tokens have no `auth_time`: that the person is still there cannot be proven.
 * Tokens of Android and iOS apps name the app in `azp`, so its client id
 * belongs into `additional_id_token_audiences`.
 */
export const google: Preset = {
  ...generic,
  server: (config) =>
    config.issuer_url === undefined
      ? { kind: "discover", issuer: "https://accounts.google.com" }
      : generic.server(config),
  scopes: (configured = ["email", "profile"]) => withOpenid(configured),
  reauthentication: { reauthentication: "none", parameters: { prompt: "select_account" } },
  // Old SDKs leave the scheme out.
  acceptsIssuer: (iss, _claims, configured) =>
    iss === configured || (configured === "https://accounts.google.com" && iss === "accounts.google.com"),
};
