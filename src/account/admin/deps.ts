import type { Database } from "../../db/sql.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { WaitingAddresses } from "../addresses/waiting.ts";
import type { Deletions } from "../deletion/deletions.ts";
import type { Exports } from "../export/export-account.ts";
import type { ListDeps } from "../owner/deps.ts";

/** What the RPCs of operators about accounts need. */
export interface AccountAdminDeps {
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly deletions: Deletions;
  readonly exports: Exports;
  readonly lists: ListDeps;
  readonly waiting: WaitingAddresses;
}
