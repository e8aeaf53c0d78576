import type { AnswerTime } from "../../challenge/answer-time.ts";
import type { SelfServiceConfig } from "../../config/config.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import type { RegistrationLimit } from "../../limits/registrations.ts";
import type { RegistrationMethods } from "../../methods/contract/registration.ts";
import type { Redirects } from "../redirect/redirects.ts";
import type { FlowDeps } from "../shared/deps.ts";
import type { RenderRegistration } from "./render.ts";

/** What the registration flow has of its own. */
export interface RegistrationParts {
  readonly config: SelfServiceConfig["flows"]["registration"];
  readonly limit: RegistrationLimit;
  readonly methods: RegistrationMethods;
  /** Beneath answers whose time must not show whether anybody has an address. */
  readonly answerTime: Pick<AnswerTime, "hold">;
  readonly hooks: HookRunner;
  readonly redirect: Redirects;
  readonly render: RenderRegistration;
}

/** What the steps of the registration flow need. */
export interface RegistrationDeps extends FlowDeps {
  readonly registration: RegistrationParts;
}
