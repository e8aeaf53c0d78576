import type { ProviderKind } from "../../../config/oidc-config.ts";
import type { Preset } from "../preset.ts";
import { apple } from "./apple.ts";
import { auth0 } from "./auth0.ts";
import { discord } from "./discord.ts";
import { facebook } from "./facebook.ts";
import { generic } from "./generic.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { google } from "./google.ts";
import { keycloak } from "./keycloak.ts";
import { microsoft } from "./microsoft.ts";
import { slack } from "./slack.ts";

/*
 * The kinds of provider, each with its oddities and nothing else: what they have
 * in common is client.ts. Each has a page in docs/providers.
 */

/** Every kind of provider. One that is left out does not compile. */
export const presets: Readonly<Record<ProviderKind, Preset>> = {
  generic,
  apple,
  auth0,
  discord,
  facebook,
  github,
  gitlab,
  google,
  keycloak,
  microsoft,
  slack,
};
