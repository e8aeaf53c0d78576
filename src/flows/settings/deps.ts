import type { SelfServiceConfig } from "../../config/config.ts";
import type { Continuations } from "../../continuation/continuation.ts";
import type { ConflictRetry } from "../../identity/conflict-retry.ts";
import type { Factors } from "../../methods/contract/credential.ts";
import type { SettingsMethods } from "../../methods/contract/settings.ts";
import type { Redirects } from "../redirect/redirects.ts";
import type { FlowDestinations, FlowForms, FlowSessions, FlowStorage } from "../shared/deps.ts";
import type { RenderSettings } from "./render.ts";
import type { SettingsStore } from "./store.ts";

/** What the steps of the settings flow need. */
export interface SettingsDeps extends FlowStorage, FlowSessions, FlowDestinations, FlowForms {
  readonly config: SelfServiceConfig["flows"]["settings"];
  readonly conflictRetry: ConflictRetry;
  readonly reads: SettingsStore;
  readonly continuations: Continuations;
  readonly redirect: Redirects;
  readonly methods: SettingsMethods;
  readonly render: RenderSettings;
  /** What a person has to authenticate with. */
  readonly factors: Factors;
}
