import type { Challenges } from "../../challenge/challenges.ts";
import type { Courier } from "../../courier/courier.ts";
import type { FailureFloor } from "../../limits/failure-floor.ts";
import type { PacedByNetwork } from "../../limits/paced.ts";
import type { KnownDevices } from "../../session/known-devices.ts";
import type { OpenedLinks } from "../../session/opened-link.ts";
import type { FlowSessions, FlowStorage } from "../shared/deps.ts";
import type { SealedContext } from "../shared/sealed-context.ts";
import type { FlowUrls } from "../shared/urls.ts";

/** What stands against guessing, flooding and finding out who has an account. */
export interface ChallengeGuards {
  readonly challenges: Challenges;
  readonly newFlows: PacedByNetwork;
  /** Under every answer to a request that may send a message. */
  readonly messageFloor: FailureFloor;
  readonly devices: KnownDevices;
}

/** What sends secrets to addresses and takes them back. */
export interface ChallengeFlowDeps
  extends Pick<
      FlowStorage,
      "audit" | "refusals" | "db" | "clock" | "flows" | "identities" | "pendingAddresses" | "addressUndos"
    >,
    Pick<FlowSessions, "callers" | "csrf">,
    ChallengeGuards {
  readonly courier: Courier;
  readonly openedLinks: OpenedLinks;
  readonly sealedContext: SealedContext;
  readonly urls: FlowUrls;
  /** Whether messages can be sent to phones. */
  readonly takesPhoneNumbers: boolean;
}
