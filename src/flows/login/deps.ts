import type { SelfServiceConfig } from "../../config/config.ts";
import type { LoginMethods } from "../../methods/contract/login.ts";
import type { RequiredAal } from "../../session/aal.ts";
import type { PendingAccountLinks } from "../authentication/pending-account-link.ts";
import type { Redirects } from "../redirect/redirects.ts";
import type { FlowDestinations, FlowForms, FlowSessions, FlowStorage } from "../shared/deps.ts";
import type { RenderLogin } from "./render.ts";

/** What the steps of the login flow need. */
export interface LoginDeps extends FlowStorage, FlowSessions, FlowDestinations, FlowForms {
  readonly config: SelfServiceConfig["flows"]["login"];
  /** The level below which a session is not told whose it is. */
  readonly requiredAal: RequiredAal;
  readonly redirect: Redirects;
  readonly pendingAccountLinks: PendingAccountLinks;
  readonly methods: LoginMethods;
  readonly render: RenderLogin;
}
