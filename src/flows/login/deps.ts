import type { SelfServiceConfig } from "../../config/config.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import type { LoginMethods } from "../../methods/contract/login.ts";
import type { RequiredAal } from "../../session/aal.ts";
import type { PendingAccountLinks } from "../authentication/pending-account-link.ts";
import type { Redirects } from "../redirect/redirects.ts";
import type { FlowDeps } from "../shared/deps.ts";
import type { RenderLogin } from "./render.ts";

/** What the login flow has of its own. */
export interface LoginParts {
  readonly config: SelfServiceConfig["flows"]["login"];
  /** The level below which a session does not show whose it is. */
  readonly requiredAal: RequiredAal;
  readonly pendingAccountLinks: PendingAccountLinks;
  readonly methods: LoginMethods;
  readonly hooks: HookRunner;
  readonly redirect: Redirects;
  readonly render: RenderLogin;
}

/** What the steps of the login flow need. */
export interface LoginDeps extends FlowDeps {
  readonly login: LoginParts;
}
