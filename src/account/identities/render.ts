import type { JsonObject } from "@bufbuild/protobuf";
import type { AdminIdentity, Credential } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import type { StoredCredential } from "../../identity/directory.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { renderIdentity } from "../../identity/render.ts";
import { jsonValue } from "../../lib/proto-json.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { CredentialAdministration } from "../../methods/contract/administration.ts";

/** How an identity is shown to an operator. */
export interface AdminView {
  /** Undefined: without credentials. */
  readonly credentials?:
    | {
        readonly stored: readonly StoredCredential[];
        /** Types whose secrets are shown. */
        readonly reveal: readonly string[];
      }
    | undefined;
  /** It was made just now. */
  readonly isNew?: boolean;
  /** Whether it was written just now: metadata that is not there is left out then. */
  readonly isWritten?: boolean;
}

/** Creates the rendering of identities for operators. */
export const createAdminRenderer =
  (kinds: readonly CredentialAdministration[]) =>
  (record: IdentityRecord, schemaUrl: string, view: AdminView): AdminIdentity => {
    const { $typeName: _, ...shown } = renderIdentity(record, schemaUrl);
    const identity: AdminIdentity = {
      ...shown,
      $typeName: "ostiary.identity.v1.AdminIdentity",
      credentials: view.credentials === undefined ? {} : renderCredentials(record, view.credentials, kinds, view.isNew),
    };
    if (record.metadataAdmin !== null || !view.isWritten) identity.metadataAdmin = jsonValue(record.metadataAdmin);
    return identity;
  };

const renderCredentials = (
  identity: IdentityRecord,
  { stored, reveal }: NonNullable<AdminView["credentials"]>,
  kinds: readonly CredentialAdministration[],
  isNew = false,
): Record<string, Credential> =>
  Object.fromEntries(
    Object.entries(identity.credentials).map(([type, { identifiers }]): [string, Credential] => {
      const row = stored.find((each) => each.type === type);
      const kind = kinds.find((each) => each.type === type);
      // A kind that says nothing about how it is shown is not shown.
      const config = reveal.includes(type) ? revealed(kind, row, identity) : undefined;
      return [
        type,
        {
          $typeName: "ostiary.identity.v1.Credential",
          type,
          identifiers: [...identifiers],
          version: isNew ? 0 : (kind?.version ?? 1),
          createdAt: timestamp(row?.createdAt ?? identity.createdAt),
          updatedAt: timestamp(row?.updatedAt ?? identity.updatedAt),
          ...(config !== undefined && { config }),
        },
      ];
    }),
  );

const revealed = (
  kind: CredentialAdministration | undefined,
  row: StoredCredential | undefined,
  identity: IdentityRecord,
): JsonObject | undefined => (row === undefined ? kind?.revealWithout?.(identity) : kind?.reveal(row.config, identity));
