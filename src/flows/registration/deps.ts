import type { SelfServiceConfig } from "../../config/config.ts";
import type { RegistrationLimit } from "../../limits/registrations.ts";
import type { RegistrationMethods } from "../../methods/contract/registration.ts";
import type { Redirects } from "../redirect/redirects.ts";
import type { FlowDestinations, FlowForms, FlowSessions, FlowStorage } from "../shared/deps.ts";
import type { RenderRegistration } from "./render.ts";

/** What the steps of the registration flow need. */
export interface RegistrationDeps extends FlowStorage, FlowSessions, FlowDestinations, FlowForms {
  readonly config: SelfServiceConfig["flows"]["registration"];
  readonly limit: RegistrationLimit;
  readonly redirect: Redirects;
  readonly methods: RegistrationMethods;
  readonly render: RenderRegistration;
}
