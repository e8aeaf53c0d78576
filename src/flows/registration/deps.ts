import type { SelfServiceConfig } from "../../config/config.ts";
import type { Database } from "../../db/sql.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { PacedByNetwork } from "../../limits/paced.ts";
import type { RegistrationLimit } from "../../limits/registrations.ts";
import type { RegistrationMethods } from "../../methods/contract/registration.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { Callers } from "../../session/caller.ts";
import type { Csrf } from "../../session/csrf.ts";
import type { SessionIssuer } from "../../session/issue.ts";
import type { KnownDevices } from "../../session/known-devices.ts";
import type { SessionCookie } from "../../session/session-cookie.ts";
import type { CompleteAuthentication } from "../authentication/complete.ts";
import type { Redirects } from "../redirect/redirects.ts";
import type { ReturnTo } from "../shared/return-to.ts";
import type { SealedContext } from "../shared/sealed-context.ts";
import type { FlowStore } from "../shared/store.ts";
import type { FlowUrls } from "../shared/urls.ts";
import type { RenderRegistration } from "./render.ts";
import type { RegistrationSteps } from "./sign-up-steps.ts";

/** What the steps of the registration flow need. */
export interface RegistrationDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: SelfServiceConfig["flows"]["registration"];
  /** Where browsers go when nothing else is said. */
  readonly defaultReturnUrl: string;
  readonly callers: Callers;
  readonly csrf: Csrf;
  readonly sessionCookie: SessionCookie;
  readonly devices: KnownDevices;
  readonly limit: RegistrationLimit;
  readonly sessions: SessionIssuer;
  readonly flows: FlowStore;
  /** How many flows a network may begin. */
  readonly newFlows: PacedByNetwork;
  readonly identities: IdentityStore;
  readonly redirect: Redirects;
  readonly methods: RegistrationMethods;
  readonly hooks: HookRunner;
  readonly schemas: Schemas;
  readonly sealedContext: SealedContext;
  readonly returnTo: ReturnTo;
  readonly urls: FlowUrls;
  readonly render: RenderRegistration;
}

/** What the RPCs need beside: the ends of this flow and of that which it may turn into. */
export interface RegistrationServiceDeps extends RegistrationDeps {
  readonly signUpSteps: RegistrationSteps;
  readonly completeAuthentication: CompleteAuthentication;
}
