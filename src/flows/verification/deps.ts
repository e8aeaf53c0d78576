import type { AddressFlowConfig } from "../../config/address-flow-config.ts";
import type { Sql } from "../../db/sql.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import type { VerificationMethods } from "../../methods/contract/verification.ts";
import type { SessionRecord } from "../../session/session.ts";
import type { SessionKey } from "../../session/store.ts";
import type { ChallengeFlowDeps } from "../challenge/deps.ts";
import type { RenderVerification } from "./render.ts";

/** What the verification flow has of its own. */
export interface VerificationParts {
  readonly config: AddressFlowConfig;
  readonly methods: VerificationMethods;
  readonly hooks: HookRunner;
  readonly render: RenderVerification;
  /** Whether a session is live: a new address takes effect as long as the one is that asked for it. */
  readonly findSession: (sql: Sql, session: SessionKey) => Promise<SessionRecord | undefined>;
  /** The hooks of the settings flow: they follow an address that takes effect. */
  readonly settingsHooks: HookRunner;
  /** `security.account_enumeration.mitigate`: nobody learns that somebody else has an address. */
  readonly hidesAccounts: boolean;
}

/** What the steps of the verification flow need. */
export interface VerificationDeps extends ChallengeFlowDeps {
  readonly verification: VerificationParts;
}
