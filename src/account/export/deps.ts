import type { AuditLog } from "../../audit/audit-log.ts";
import type { Database } from "../../db/sql.ts";
import type { AddressUndos } from "../../identity/address-undos.ts";
import type { DeletionStore } from "../../identity/deletions.ts";
import type { PendingAddresses } from "../../identity/pending-addresses.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { TrustedDevices } from "../../session/trusted-devices.ts";
import type { OwnedCredentials } from "../owner/owned-credentials.ts";

/** Where an export is read from. */
interface ExportStorage {
  readonly db: Database;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly store: DeletionStore;
}

/** What exporting an account needs. */
export interface ExportDeps {
  readonly storage: ExportStorage;
  readonly audit: AuditLog;
  readonly schemas: Schemas;
  readonly trustedDevices: TrustedDevices;
  readonly owned: OwnedCredentials;
  readonly pendingAddresses: PendingAddresses;
  readonly addressUndos: AddressUndos;
  /** `security.account_enumeration.mitigate`: nobody learns that somebody else has an address. */
  readonly hidesAccounts: boolean;
}
