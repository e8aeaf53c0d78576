import type { AddressFlowConfig } from "../../config/address-flow-config.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import type { RecoveryMethods } from "../../methods/contract/recovery.ts";
import type { ChallengeFlowDeps } from "../challenge/deps.ts";
import type { SettingsAfterSignIn } from "../shared/settings-after-sign-in.ts";
import type { RenderRecovery } from "./render.ts";

/** What the recovery flow has of its own. */
export interface RecoveryParts {
  readonly config: AddressFlowConfig;
  readonly methods: RecoveryMethods;
  readonly hooks: HookRunner;
  readonly render: RenderRecovery;
  readonly settings: SettingsAfterSignIn;
  /** `feature_flags.use_continue_with_transitions`. */
  readonly usesContinueWith: boolean;
  /** Keys what stands for addresses among which a person chooses. */
  readonly digestKey: string;
  /** `feature_flags.choose_recovery_address`. */
  readonly choosesAddress: boolean;
}

/** What the steps of the recovery flow need. */
export interface RecoveryDeps extends ChallengeFlowDeps {
  readonly recovery: RecoveryParts;
}
