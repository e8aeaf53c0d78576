import type { AuditLog } from "../audit/audit-log.ts";
import type { Config } from "../config/config.ts";
import { createIdentityDirectory } from "../identity/directory.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import { digestOf } from "../lib/digest.ts";
import { createKeyring } from "../lib/keyring.ts";
import { type CredentialKind, countFirstFactors, createFactors } from "../methods/contract/credential.ts";
import type { Schemas } from "../schema/sources.ts";
import { createSessionDirectory } from "../session/directory.ts";
import type { TrustedDevices } from "../session/trusted-devices.ts";
import type { AccountStorage } from "./deps.ts";
import type { AddressNotices, CredentialsDeps } from "./identities/deps.ts";
import { createIdentityAdminService } from "./identities/service.ts";
import { createSessionAdminService } from "./session-admin/service.ts";

/** What operators' calls stand on. */
interface AdminDeps {
  readonly storage: AccountStorage;
  readonly audit: AuditLog;
  readonly schemas: Schemas;
  readonly config: Pick<Config, "feature_flags" | "secrets" | "selfservice" | "serve" | "session">;
  readonly trustedDevices: TrustedDevices;
  readonly operatorNotices: AddressNotices | undefined;
}

/** What the methods tell of credentials. */
interface AdminMethods {
  readonly credentials: readonly CredentialKind[];
  readonly administration: {
    readonly kinds: CredentialsDeps["kinds"];
    readonly importers: CredentialsDeps["importers"];
  };
}

/** Creates what operators do: the admin API. */
export const createAdmin = (deps: AdminDeps, methods: AdminMethods) => {
  const { audit, config, operatorNotices: notices, schemas, storage, trustedDevices } = deps;
  const { conflictRetry } = storage;
  const sessions = createSessionDirectory();
  const keyring = createKeyring(config.secrets.pagination.map(digestOf));
  return {
    services: [
      createIdentityAdminService({
        storage: { ...storage, directory: createIdentityDirectory() },
        audit,
        schemas,
        conflictRetry: conflictRetry,
        credentials: {
          ...methods.administration,
          countFirstFactors: (identity: IdentityRecord) =>
            countFirstFactors(methods.credentials, identity).reduce((sum, { count }) => sum + count, 0),
          factors: createFactors(methods.credentials),
        },
        effects: {
          revocation: {
            after: config.selfservice.flows.settings.after,
            sessions,
            resting: { trustedDevices, pendingAddresses: storage.pendingAddresses },
          },
          notices,
        },
        adminUrl: config.serve.admin.base_url.replace(/\/+$/, ""),
        pages: keyring.seal("page of identities"),
      }),
      createSessionAdminService({
        storage: { ...storage, directory: sessions },
        audit,
        schemas,
        kinds: methods.administration.kinds,
        pages: keyring.seal("page of sessions"),
        extension: {
          lifespan: config.session.lifespan,
          earliest: config.session.earliest_possible_extend,
          isSilent: config.feature_flags.faster_session_extend,
        },
      }),
    ],
  };
};
