import type { CompleteAuthentication } from "../authentication/complete.ts";
import type { RegistrationDeps } from "./deps.ts";
import type { RegistrationSteps } from "./sign-up-steps.ts";

/** What the RPCs need beside: the ends of this flow and of that which it may turn into. */
export interface RegistrationServiceDeps extends RegistrationDeps {
  readonly ends: {
    readonly signUpSteps: RegistrationSteps;
    readonly completeAuthentication: CompleteAuthentication;
  };
}
