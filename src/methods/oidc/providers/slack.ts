import type { Preset } from "../preset.ts";
import { generic, withOpenid } from "./generic.ts";

/** Scopes of the older sign-in, which configurations of Ory Kratos name, and what they are called now. */
const renamed: Readonly<Record<string, readonly string[]>> = {
  "identity.basic": ["profile"],
  "identity.email": ["email"],
  "identity.avatar": ["profile"],
  "identity.team": ["profile"],
};
const TEAM = "https://slack.com/team_id";

/** Slack. The subject is the member's id, as it was with the older sign-in. Slack cannot be made to ask again. */
export const slack: Preset = {
  ...generic,
  server: () => ({ kind: "discover", issuer: "https://slack.com" }),
  scopes: (configured = ["email", "profile"]) =>
    withOpenid([...new Set(configured.flatMap((scope) => renamed[scope] ?? [scope]))]),
  pkce: false,
  reauthentication: { reauthentication: "none", parameters: {} },
  adjustClaims: async (claims) => (claims[TEAM] === undefined ? claims : { ...claims, team: claims[TEAM] }),
};
