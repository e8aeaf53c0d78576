import type { AuditLog } from "../../audit/audit-log.ts";
import type { Database } from "../../db/sql.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { TextAead } from "../../lib/keyring.ts";
import type { CredentialAdministration } from "../../methods/contract/administration.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { SessionDirectory } from "../../session/directory.ts";

/** What the RPCs about sessions need. */
export interface SessionAdminDeps {
  readonly storage: SessionAdminStorage;
  readonly audit: AuditLog;
  readonly schemas: Schemas;
  readonly kinds: readonly CredentialAdministration[];
  /** Seals page tokens. */
  readonly pages: TextAead;
  readonly extension: SessionExtension;
}

/** Where sessions are read and ended. */
export interface SessionAdminStorage {
  readonly db: Database;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly directory: SessionDirectory;
}

/** How sessions are extended. Milliseconds. */
export interface SessionExtension {
  readonly lifespan: number;
  /** How long before its end a session may be extended. */
  readonly earliest: number;
  /** Whether the extended session is left out of the answer. */
  readonly isSilent: boolean;
}
