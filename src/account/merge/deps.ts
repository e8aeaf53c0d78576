import type { AuditLog } from "../../audit/audit-log.ts";
import type { AccountConfig } from "../../config/account-config.ts";
import type { Courier } from "../../courier/courier.ts";
import type { Database } from "../../db/sql.ts";
import type { DeletionStore } from "../../identity/deletions.ts";
import type { PendingAddresses } from "../../identity/pending-addresses.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { MessageLimit } from "../../limits/message-limit.ts";
import type { Factors } from "../../methods/contract/credential.ts";
import type { CredentialMerging } from "../../methods/contract/merging.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { SessionStore } from "../../session/store.ts";
import type { TrustedDevices } from "../../session/trusted-devices.ts";
import type { EraseAccount } from "../deletion/erase-account.ts";
import type { MustBePrivileged } from "../owner/privileged.ts";
import type { MergeOffers } from "./offers.ts";

/** Where merges are read and written. */
export interface MergeStorage {
  readonly db: Database;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly offers: MergeOffers;
  readonly deletions: DeletionStore;
}

/** What tells of a merge, and to whom. */
export interface MergeTrail {
  readonly audit: AuditLog;
  readonly courier: Courier;
  readonly messages: MessageLimit;
}

/** What ends with a merge. */
export interface MergeEnds {
  readonly erase: EraseAccount;
  readonly trustedDevices: Pick<TrustedDevices, "endAll">;
  readonly pendingAddresses: Pick<PendingAddresses, "endAll">;
}

/** What merging accounts needs. */
export interface MergeDeps {
  readonly storage: MergeStorage;
  readonly config: AccountConfig["merge"];
  readonly trail: MergeTrail;
  readonly schemas: Schemas;
  readonly sessions: { readonly findLive: SessionStore["findLive"]; readonly mustBePrivileged: MustBePrivileged };
  readonly ends: MergeEnds;
  readonly methods: { readonly mergings: readonly CredentialMerging[]; readonly factors: Factors };
}
