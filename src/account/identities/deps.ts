import type { AuditLog } from "../../audit/audit-log.ts";
import type { Database, Sql } from "../../db/sql.ts";
import type { ConflictRetry } from "../../identity/conflict-retry.ts";
import type { IdentityDirectory } from "../../identity/directory.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { PendingAddresses } from "../../identity/pending-addresses.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import type { TextAead } from "../../lib/keyring.ts";
import type { CredentialAdministration, CredentialImporters } from "../../methods/contract/administration.ts";
import type { Factors } from "../../methods/contract/credential.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { RevocationDeps } from "./revoke-after-change.ts";

/** Where operators' calls read and write. */
export interface IdentityAdminStorage {
  readonly db: Database;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly directory: IdentityDirectory;
  readonly pendingAddresses: PendingAddresses;
}

/** What operators may do with credentials. */
export interface CredentialsDeps {
  readonly kinds: readonly CredentialAdministration[];
  readonly importers: CredentialImporters;
  /** How many first factors a person has. */
  readonly countFirstFactors: (identity: IdentityRecord) => number;
  readonly factors: Pick<Factors, "leftOverBackups">;
}

/** Tells whoever had the addresses that an operator changes (docs/addresses.md). */
export interface AddressNotices {
  /** Queues the messages, in the transaction of the change and after the person is written. */
  notify(
    tx: Sql,
    change: {
      readonly before: IdentityRecord;
      readonly after: IdentityRecord;
      readonly call: Call;
      /** False: without a link that undoes it, and nothing is reserved. */
      readonly isUndoable: boolean;
    },
  ): Promise<void>;
  /** Has them sent, once the change is committed. */
  wake(): void;
}

/** What a change by an operator brings about. */
export interface ChangeEffects {
  readonly revocation: RevocationDeps;
  /** Undefined where `notices.address` is off. */
  readonly notices: AddressNotices | undefined;
}

/** What the RPCs about identities need. */
export interface IdentityAdminDeps {
  readonly storage: IdentityAdminStorage;
  readonly audit: AuditLog;
  readonly conflictRetry: ConflictRetry;
  readonly credentials: CredentialsDeps;
  readonly effects: ChangeEffects;
  readonly schemas: Schemas;
  /** Base URL of the admin port, without a slash at its end. */
  readonly adminUrl: string;
  /** Seals page tokens. */
  readonly pages: TextAead;
}
