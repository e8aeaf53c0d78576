import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { AddressFlowConfig } from "../../config/address-flow-config.ts";
import type { Sql } from "../../db/sql.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { RecoveryMethods } from "../../methods/contract/recovery.ts";
import type { ChallengeFlowDeps } from "../challenge/deps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { RenderRecovery } from "./render.ts";

/** The settings flow that a person is led into once they are back. */
export interface SettingsAfterRecovery {
  /** Writes it for the person, with a text in its form. */
  create(
    tx: Sql,
    identity: IdentityRecord,
    flow: Pick<FlowRecord, "type" | "requestUrl" | "context">,
    text: UiText,
  ): Promise<FlowRecord>;
  /** Milliseconds that a session is good for protected changes. */
  readonly privilegedFor: number;
}

/** What the recovery flow has of its own. */
export interface RecoveryParts {
  readonly config: AddressFlowConfig;
  readonly methods: RecoveryMethods;
  readonly hooks: HookRunner;
  readonly render: RenderRecovery;
  readonly settings: SettingsAfterRecovery;
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
