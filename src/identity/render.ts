import type { Identity, RecoveryAddress, VerifiableAddress } from "../../gen/ostiary/identity/v1/identity_pb.ts";
import { State } from "../../gen/ostiary/identity/v1/identity_pb.ts";
import { memoize } from "../lib/memoize.ts";
import { jsonValue } from "../lib/proto-json.ts";
import { timestamp } from "../lib/timestamp.ts";
import type { IdentityRecord } from "./identity.ts";

/**
 * Renders an identity: the one place where the record becomes what others may
 * see. Credentials and `metadata_admin` never cross.
 *
 * @param schemaUrl where the identity's schema can be read
 */
export const renderIdentity = (record: IdentityRecord, schemaUrl: string): Identity => rendererOf(schemaUrl)(record);

/** There are as many as there are schemas. */
const renderers = new Map<string, (record: IdentityRecord) => Identity>();

const rendererOf = (schemaUrl: string): ((record: IdentityRecord) => Identity) => {
  const known = renderers.get(schemaUrl);
  if (known !== undefined) return known;
  const made = memoize((record: IdentityRecord) => render(record, schemaUrl));
  renderers.set(schemaUrl, made);
  return made;
};

const render = (record: IdentityRecord, schemaUrl: string): Identity => {
  const identity: Identity = {
    $typeName: "ostiary.identity.v1.Identity",
    id: record.id,
    schemaId: record.schemaId,
    schemaUrl,
    state: record.state === "active" ? State.ACTIVE : State.INACTIVE,
    traits: record.traits,
    verifiableAddresses: record.verifiable.map(
      (a): VerifiableAddress => ({
        $typeName: "ostiary.identity.v1.VerifiableAddress",
        id: a.id,
        value: a.value,
        verified: a.verified,
        via: a.via,
        status: a.status,
        ...(a.verified_at !== undefined && { verifiedAt: timestamp(a.verified_at) }),
        createdAt: timestamp(a.created_at),
        updatedAt: timestamp(a.updated_at),
      }),
    ),
    recoveryAddresses: record.recovery.map(
      (a): RecoveryAddress => ({
        $typeName: "ostiary.identity.v1.RecoveryAddress",
        id: a.id,
        value: a.value,
        via: a.via,
        createdAt: timestamp(a.created_at),
        updatedAt: timestamp(a.updated_at),
      }),
    ),
    createdAt: timestamp(record.createdAt),
    updatedAt: timestamp(record.updatedAt),
  };
  if (record.externalId !== undefined) identity.externalId = record.externalId;
  if (record.stateChangedAt !== undefined) identity.stateChangedAt = timestamp(record.stateChangedAt);
  if (record.metadataPublic !== null) identity.metadataPublic = jsonValue(record.metadataPublic);
  if (record.organizationId !== undefined) identity.organizationId = record.organizationId;
  return identity;
};
