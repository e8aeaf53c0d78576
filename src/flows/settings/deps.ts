import type { SelfServiceConfig } from "../../config/config.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import type { ConflictRetry } from "../../identity/conflict-retry.ts";
import type { Factors } from "../../methods/contract/credential.ts";
import type { SettingsMethods } from "../../methods/contract/settings.ts";
import type { Redirects } from "../redirect/redirects.ts";
import type { FlowDeps } from "../shared/deps.ts";
import type { RenderSettings } from "./render.ts";
import type { SettingsStore } from "./store.ts";

/** What the settings flow has of its own. */
export interface SettingsParts {
  readonly config: SelfServiceConfig["flows"]["settings"];
  readonly conflictRetry: ConflictRetry;
  readonly reads: SettingsStore;
  readonly methods: SettingsMethods;
  readonly hooks: HookRunner;
  readonly redirect: Redirects;
  readonly render: RenderSettings;
  /** What a person has to authenticate with. */
  readonly factors: Factors;
}

/** What the steps of the settings flow need. */
export interface SettingsDeps extends FlowDeps {
  readonly settings: SettingsParts;
}
