import type { Preset } from "../preset.ts";
import { generic, withOpenid } from "./generic.ts";

/**
 * Auth0: `issuer_url` is that of the tenant. It honours `prompt=login` and `max_age`; its applications must sign ID
 * tokens with RS256, not HS256.
 */
export const auth0: Preset = { ...generic, scopes: (configured = ["email", "profile"]) => withOpenid(configured) };
