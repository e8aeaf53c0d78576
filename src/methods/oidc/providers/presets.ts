import type { ProviderKind } from "../../../config/oidc-config.ts";
import type { Preset } from "../preset.ts";
import { amazon } from "./amazon.ts";
import { apple } from "./apple.ts";
import { auth0 } from "./auth0.ts";
import { dingtalk } from "./dingtalk.ts";
import { discord } from "./discord.ts";
import { facebook } from "./facebook.ts";
import { generic } from "./generic.ts";
import { github } from "./github.ts";
import { githubApp } from "./github-app.ts";
import { gitlab } from "./gitlab.ts";
import { google } from "./google.ts";
import { keycloak } from "./keycloak.ts";
import { lark } from "./lark.ts";
import { line } from "./line.ts";
import { linkedin, linkedinV2 } from "./linkedin.ts";
import { microsoft } from "./microsoft.ts";
import { netid } from "./netid.ts";
import { patreon } from "./patreon.ts";
import { salesforce } from "./salesforce.ts";
import { slack } from "./slack.ts";
import { spotify } from "./spotify.ts";
import { uaepass } from "./uaepass.ts";
import { vk } from "./vk.ts";
import { x } from "./x.ts";
import { yandex } from "./yandex.ts";

/*
 * The kinds of provider, each with its oddities and nothing else: what they have
 * in common is client.ts. Each has a page in docs/providers.
 */

/** Every kind of provider. One that is left out does not compile. */
export const presets: Readonly<Record<ProviderKind, Preset>> = {
  generic,
  amazon,
  apple,
  auth0,
  dingtalk,
  discord,
  facebook,
  github,
  "github-app": githubApp,
  gitlab,
  google,
  keycloak,
  lark,
  line,
  linkedin,
  linkedin_v2: linkedinV2,
  microsoft,
  netid,
  patreon,
  salesforce,
  slack,
  spotify,
  uaepass,
  vk,
  x,
  yandex,
};
