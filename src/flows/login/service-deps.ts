import type { AnswerTime } from "../../challenge/answer-time.ts";
import type { CompleteAuthentication } from "../authentication/complete.ts";
import type { LoginDeps } from "./deps.ts";
import type { LoginSteps } from "./sign-in-steps.ts";

/** What the RPCs need beside: the ends of this flow and of that which it may turn into. */
export interface LoginServiceDeps extends LoginDeps {
  readonly ends: {
    readonly signInSteps: LoginSteps;
    readonly completeAuthentication: CompleteAuthentication;
    readonly answerTime: Pick<AnswerTime, "hold">;
  };
}
