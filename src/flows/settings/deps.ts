import type { AuditLog } from "../../audit/audit-log.ts";
import type { SelfServiceConfig } from "../../config/config.ts";
import type { Continuations } from "../../continuation/continuation.ts";
import type { Database } from "../../db/sql.ts";
import type { HooksOf } from "../../hooks/hook.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { SettingsMethods } from "../../methods/method.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { Callers } from "../../session/caller.ts";
import type { Csrf } from "../../session/csrf.ts";
import type { SessionIssuer } from "../../session/issue.ts";
import type { SessionCookie } from "../../session/session-cookie.ts";
import type { Elsewhere } from "../elsewhere.ts";
import type { ReturnTo } from "../return-to.ts";
import type { FlowStore } from "../store.ts";
import type { FlowUrls } from "../urls.ts";
import type { PresentSettings } from "./present.ts";
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
  readonly reads: SettingsStore;
  readonly identities: IdentityStore;
  readonly sessions: SessionIssuer;
  readonly continuations: Continuations;
  readonly elsewhere: Elsewhere;
  readonly audit: AuditLog;
  readonly methods: SettingsMethods;
  readonly hooks: HooksOf;
  readonly schemas: Schemas;
  readonly returnTo: ReturnTo;
  readonly urls: FlowUrls;
  readonly present: PresentSettings;
  /** The methods a person can prove themselves with. */
  readonly waysIn: (identity: IdentityRecord) => readonly string[];
}
