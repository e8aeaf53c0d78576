import type { AuditLog } from "../../audit/audit-log.ts";
import type { Config } from "../../config/config.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { Tokenizer } from "../../session/tokenizer.ts";
import type { AccountFlows, AccountSessions, AccountStorage } from "../deps.ts";

/** What the RPCs about sessions need. */
export interface SessionDeps {
  readonly storage: AccountStorage;
  readonly audit: AuditLog;
  readonly sessions: AccountSessions;
  readonly schemas: Schemas;
  readonly requiredAal: Config["session"]["whoami"]["required_aal"];
  readonly answering: WhoAmIAnswering;
  readonly logout: AccountFlows["logout"];
  readonly exchange: AccountFlows["exchange"];
}

/** What whoami can add to a session. */
export interface WhoAmIAnswering {
  readonly tokenizer: Tokenizer;
  /** Milliseconds for which it says that its answer may be cached, at most; undefined: it says nothing. */
  readonly cacheFor: number | undefined;
  readonly print: AccountFlows["print"];
}
