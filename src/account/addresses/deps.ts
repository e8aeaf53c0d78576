import type { AuditLog } from "../../audit/audit-log.ts";
import type { Config } from "../../config/config.ts";
import type { Courier } from "../../courier/courier.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { Callers } from "../../session/caller.ts";
import type { SessionStore } from "../../session/store.ts";
import type { TrustedDevices } from "../../session/trusted-devices.ts";
import type { Deletions } from "../deletion/deletions.ts";
import type { AccountFlows, AccountStorage } from "../deps.ts";
import type { ListDeps } from "../owner/deps.ts";
import type { WaitingAddresses } from "./waiting.ts";

/** What undoing changes of addresses needs. */
export interface UndoDeps {
  readonly storage: AccountStorage;
  readonly audit: AuditLog;
  readonly schemas: Schemas;
  readonly courier: Courier;
  /** What whoever is shut out has begun, and what lets them in. */
  readonly ends: {
    readonly trustedDevices: TrustedDevices;
    readonly revokeOthers: SessionStore["revokeOthers"];
    readonly cancelDeletion: Deletions["cancelOwners"];
  };
  readonly pages: {
    /** The page on which a change is undone, with its token. */
    readonly undoUrl: (token: string) => string;
    /** Where a browser goes once it is undone. */
    readonly undoneUrl: string;
  };
}

/** What the RPCs about pending addresses need. */
export interface PendingDeps {
  readonly callers: Callers;
  readonly requiredAal: Config["session"]["whoami"]["required_aal"];
  readonly waiting: WaitingAddresses;
  readonly lists: ListDeps;
  readonly resendPending: AccountFlows["resendPending"];
}
