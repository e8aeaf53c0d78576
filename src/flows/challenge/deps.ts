import type { Challenges } from "../../challenge/challenges.ts";
import type { Courier } from "../../courier/courier.ts";
import type { FailureFloor } from "../../limits/failure-floor.ts";
import type { OpenedLinks } from "../../session/opened-link.ts";
import type { FlowDeps } from "../shared/deps.ts";

/** The kinds of flow that send secrets to addresses. */
export type ChallengeFlowKind = "verification" | "recovery";

/** What sends secrets to addresses and verifies them. */
export interface ChallengeParts {
  readonly challenges: Challenges;
  /** Under every answer to a request that may send a message. */
  readonly messageFloor: FailureFloor;
  readonly courier: Courier;
  readonly openedLinks: OpenedLinks;
  /** Whether messages can be sent to phones. */
  readonly takesPhoneNumbers: boolean;
  /** Base URL of links, without a slash at its end; undefined: that of the public port. */
  readonly linkBase: string | undefined;
}

/** What the flows need that send secrets to addresses. */
export interface ChallengeFlowDeps extends FlowDeps {
  readonly challenge: ChallengeParts;
}
