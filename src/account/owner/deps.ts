import type { EventLog } from "../../audit/event-log.ts";
import type { Config } from "../../config/config.ts";
import type { Database } from "../../db/sql.ts";
import type { FlowUrls } from "../../flows/shared/urls.ts";
import type { Clock } from "../../lib/clock.ts";
import type { TextAead } from "../../lib/keyring.ts";
import type { Factors } from "../../methods/contract/credential.ts";
import type { Callers } from "../../session/caller.ts";
import type { Deletions } from "../deletion/deletions.ts";
import type { AccountSessions } from "../deps.ts";
import type { Exports } from "../export/export-account.ts";
import type { PageOf } from "./list-pages.ts";
import type { OwnedLists } from "./owned-lists.ts";

/** What tells whether a session may do what concerns the account as a whole. */
export interface PrivilegeDeps {
  readonly clock: Clock;
  readonly callers: Callers;
  readonly urls: FlowUrls;
  readonly factors: Factors;
  readonly config: Pick<Config, "account" | "selfservice">;
}

/** Where it is read what happened to an account. */
export interface ActivityDeps {
  readonly db: Database;
  readonly events: EventLog;
  /** Seals page tokens. */
  readonly pages: TextAead;
}

/** What people have, page by page. */
export interface ListDeps {
  readonly owned: OwnedLists;
  readonly pageOf: PageOf;
}

/** What the RPCs of owners about their account need. */
export interface OwnerDeps {
  readonly privilege: PrivilegeDeps;
  readonly sessions: AccountSessions;
  readonly requiredAal: Config["session"]["whoami"]["required_aal"];
  readonly lists: ListDeps;
  readonly activity: ActivityDeps;
  readonly deletions: Deletions;
  readonly exports: Exports;
}
