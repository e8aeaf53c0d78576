import type { AuditLog } from "../../audit/audit-log.ts";
import type { SelfServiceConfig } from "../../config/config.ts";
import type { Continuations } from "../../continuation/continuation.ts";
import type { Database } from "../../db/sql.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { SettingsMethods } from "../../methods/contract/settings.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { Callers } from "../../session/caller.ts";
import type { Csrf } from "../../session/csrf.ts";
import type { SessionIssuer } from "../../session/issue.ts";
import type { SessionCookie } from "../../session/session-cookie.ts";
import type { Redirects } from "../redirect/redirects.ts";
import type { ConflictRetry } from "../shared/conflict-retry.ts";
import type { ReturnTo } from "../shared/return-to.ts";
import type { SealedContext } from "../shared/sealed-context.ts";
import type { FlowStore } from "../shared/store.ts";
import type { FlowUrls } from "../shared/urls.ts";
import type { RenderSettings } from "./render.ts";
import type { SettingsStore } from "./store.ts";

/** What the steps of the settings flow need. */
export interface SettingsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: SelfServiceConfig["flows"]["settings"];
  readonly callers: Callers;
  readonly csrf: Csrf;
  readonly sessionCookie: SessionCookie;
  readonly flows: FlowStore;
  readonly conflictRetry: ConflictRetry;
  readonly reads: SettingsStore;
  readonly identities: IdentityStore;
  readonly sessions: SessionIssuer;
  readonly continuations: Continuations;
  readonly redirect: Redirects;
  readonly audit: AuditLog;
  readonly methods: SettingsMethods;
  readonly hooks: HookRunner;
  readonly schemas: Schemas;
  readonly sealedContext: SealedContext;
  readonly returnTo: ReturnTo;
  readonly urls: FlowUrls;
  readonly render: RenderSettings;
  /** The methods a person can prove themselves with. */
  readonly firstFactors: (identity: IdentityRecord) => readonly string[];
}
