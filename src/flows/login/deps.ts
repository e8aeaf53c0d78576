import type { AuditLog } from "../../audit/audit-log.ts";
import type { SelfServiceConfig } from "../../config/config.ts";
import type { Database } from "../../db/sql.ts";
import type { HooksOf } from "../../hooks/hook.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { LoginMethods } from "../../methods/method.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { Callers } from "../../session/caller.ts";
import type { Csrf } from "../../session/csrf.ts";
import type { SessionIssuer } from "../../session/issue.ts";
import type { SessionCookie } from "../../session/session-cookie.ts";
import type { Settle, SigningIn } from "../arriving.ts";
import type { Elsewhere } from "../elsewhere.ts";
import type { PendingLinks } from "../pending-link.ts";
import type { ReturnTo } from "../return-to.ts";
import type { FlowStore } from "../store.ts";
import type { FlowUrls } from "../urls.ts";
import type { PresentLogin } from "./present.ts";

/** What the steps of the login flow need. */
export interface LoginDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: SelfServiceConfig["flows"]["login"];
  /** Where browsers go when nothing else is said. */
  readonly defaultReturnUrl: string;
  readonly callers: Callers;
  readonly csrf: Csrf;
  readonly sessionCookie: SessionCookie;
  readonly sessions: SessionIssuer;
  readonly flows: FlowStore;
  readonly identities: IdentityStore;
  readonly audit: AuditLog;
  readonly elsewhere: Elsewhere;
  readonly pendingLinks: PendingLinks;
  readonly methods: LoginMethods;
  readonly hooks: HooksOf;
  readonly schemas: Schemas;
  readonly returnTo: ReturnTo;
  readonly urls: FlowUrls;
  readonly present: PresentLogin;
}

/** What the RPCs need beside: the ends of this flow and of that which it may turn into. */
export interface LoginServiceDeps extends LoginDeps {
  readonly signingIn: SigningIn;
  readonly settle: Settle;
}
