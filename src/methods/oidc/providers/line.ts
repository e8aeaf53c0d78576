import type { Preset } from "../preset.ts";
import { generic, withOpenid } from "./generic.ts";

/**
 * LINE Login v2.1. Its ID tokens are signed with a published key (ES256) only when asked for, otherwise with the
 * channel's secret. The address needs a permission of the channel.
 */
export const line: Preset = {
  ...generic,
  server: () => ({ kind: "discover", issuer: "https://access.line.me" }),
  scopes: (configured = ["profile"]) => withOpenid(configured),
  tokenParameters: { id_token_key_type: "JWK" },
};
