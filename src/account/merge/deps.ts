import type { AccountConfig } from "../../config/account-config.ts";
import type { DeletionStore } from "../../identity/deletions.ts";
import type { Factors } from "../../methods/contract/credential.ts";
import type { CredentialMerging } from "../../methods/contract/merging.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { RestingOnCredentials } from "../../session/resting-on-credentials.ts";
import type { SessionStore } from "../../session/store.ts";
import type { EraseAccount } from "../deletion/erase-account.ts";
import type { AccountStorage, AccountTrail } from "../deps.ts";
import type { MustBePrivileged } from "../owner/privileged.ts";
import type { MergeOffers } from "./offers.ts";

/** Where merges are read and written. */
export interface MergeStorage extends AccountStorage {
  readonly offers: MergeOffers;
  readonly deletions: DeletionStore;
}

/** What ends with a merge. */
export interface MergeEnds extends RestingOnCredentials {
  readonly erase: EraseAccount;
}

/** What merging accounts needs. */
export interface MergeDeps {
  readonly storage: MergeStorage;
  readonly config: AccountConfig["merge"];
  readonly trail: AccountTrail;
  readonly schemas: Schemas;
  readonly sessions: { readonly findLive: SessionStore["findLive"]; readonly mustBePrivileged: MustBePrivileged };
  readonly ends: MergeEnds;
  readonly methods: { readonly mergings: readonly CredentialMerging[]; readonly factors: Factors };
}
