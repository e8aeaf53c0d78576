import type { Preset } from "../preset.ts";
import { generic, withOpenid } from "./generic.ts";

/**
 * Keycloak: `issuer_url` is that of the realm. It honours `prompt=login` and `max_age`, and says when the person
 * signed in.
 */
export const keycloak: Preset = { ...generic, scopes: (configured = ["email", "profile"]) => withOpenid(configured) };
