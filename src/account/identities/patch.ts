import { create, isMessage, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import type {
  PatchIdentityRequest,
  PatchIdentityResponse,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import {
  ImportPasswordConfigSchema,
  ImportPasswordSchema,
} from "../../../gen/ostiary/identity/v1/import_credentials_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { mustBeReadable } from "../../errors/must-be-readable.ts";
import { serviceError } from "../../errors/service-error.ts";
import {
  type AddressState,
  addressStatuses,
  type Change,
  type CredentialChange,
  type IdentityRecord,
} from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { normaliseAddress } from "../../schema/normalise.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { patchDocument } from "./json-patch.ts";
import { createAdminRenderer } from "./render.ts";
import { mustBeSchema, mustFit } from "./traits.ts";
import { createWrite } from "./write.ts";

/** Patches identities. */
export const createPatch = (deps: IdentityAdminDeps) => {
  const {
    storage: { db, directory, identities },
    credentials,
    schemas,
  } = deps;
  const write = createWrite(deps);
  const render = createAdminRenderer(credentials.kinds);

  const plan = async (before: IdentityRecord, patch: PatchIdentityRequest["patch"], sql: Sql): Promise<Change> => {
    const ofPassword = patch.some(({ path, from }) => [path, from].some((each) => each.startsWith("/credentials")));
    const secret = ofPassword ? await identities.findSecret(sql, before.id, "password") : undefined;
    const document = documentOf(before, secret?.config);
    const next = patchDocument(document, patch);
    const schemaId = mustBeText(next.schema_id, "schema_id");
    const externalId = next.external_id === undefined ? null : mustBeText(next.external_id, "external_id");
    const password = await passwordChange(document, next, async (hashedPassword) =>
      credentials.importers.password(
        create(ImportPasswordSchema, { config: create(ImportPasswordConfigSchema, { hashedPassword }) }),
        { identityId: before.id, stored: secret, identifiers: before.credentials.password?.identifiers ?? [] },
      ),
    );
    return {
      schemaId,
      externalId: externalId === "" ? null : externalId,
      state: mustBeState(next.state),
      traits: mustFit(mustBeSchema(schemas, schemaId), mustBeObject(next.traits, "traits")),
      metadataPublic: next.metadata_public ?? null,
      metadataAdmin: next.metadata_admin ?? null,
      addresses: mustBeAddresses(next.verifiable_addresses),
      ...(password && { credentials: [password] }),
    };
  };

  return async (
    { id, etag, patch, withoutAddressUndo }: PatchIdentityRequest,
    call: Call,
  ): Promise<PatchIdentityResponse> => {
    mustBeReadable(call);
    const record = await write(
      {
        id,
        etag,
        event: "identity.patched",
        isUndoable: !withoutAddressUndo,
        plan: (before, { sql }) => plan(before, patch, sql),
      },
      call,
    );
    const stored = (await directory.credentialsOf(db, [record.id])).get(record.id) ?? [];
    return {
      $typeName: "ostiary.identity.v1.PatchIdentityResponse",
      identity: render(record, schemas.urlOf(record.schemaId), { credentials: { stored, reveal: [] } }),
      etag: String(record.version),
    };
  };
};

/** The identity as a patch sees it. */
const documentOf = (record: IdentityRecord, password: JsonObject | undefined): JsonObject => ({
  id: record.id,
  schema_id: record.schemaId,
  state: record.state,
  traits: record.traits,
  metadata_public: record.metadataPublic,
  metadata_admin: record.metadataAdmin,
  ...(record.externalId !== undefined && { external_id: record.externalId }),
  verifiable_addresses: record.verifiable.map((address) => ({ ...address })),
  recovery_addresses: record.recovery.map((address) => ({ ...address })),
  ...(password && { credentials: { password: { config: { ...password } } } }),
});

/** A new hash in the place of the old one; undefined when it is the same. */
const passwordChange = async (
  before: JsonObject,
  next: JsonObject,
  set: (hash: string) => Promise<CredentialChange>,
): Promise<CredentialChange | undefined> => {
  const [old, now] = [before, next].map(hashIn);
  return now === old ? undefined : set(mustBeText(now, "credentials.password.config.hashed_password"));
};

const hashIn = ({ credentials }: JsonObject): JsonValue | undefined => {
  const { password } = asObject(credentials);
  return asObject(asObject(password).config).hashed_password;
};

const asObject = (value: JsonValue | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isMessage(value) ? value : {};

const mustBe = (field: string, what: string) =>
  serviceError("INVALID_FIELD", { field, explain: `${field} must be ${what}.` });

const mustBeText = (value: JsonValue | undefined, field: string): string => {
  if (typeof value !== "string") throw mustBe(field, "a text");
  if (value.length > 4096) throw mustBe(field, "shorter");
  return value;
};

const mustBeState = (value: JsonValue | undefined): IdentityRecord["state"] => {
  if (value !== "active" && value !== "inactive") throw mustBe("state", "active or inactive");
  return value;
};

const mustBeObject = (value: JsonValue | undefined, field: string): JsonObject => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw mustBe(field, "an object");
  return value;
};

const mustBeAddresses = (value: JsonValue | undefined): readonly AddressState[] => {
  if (!Array.isArray(value)) throw mustBe("verifiable_addresses", "a list");
  return value.map((entry, index) => {
    const { via, value: address, verified, status, verified_at: at } = asObject(entry);
    const field = `verifiable_addresses.${index}`;
    if (typeof verified !== "boolean") throw mustBe(`${field}.verified`, "true or false");
    const known = addressStatuses.find((each) => each === status);
    if (known === undefined) throw mustBe(`${field}.status`, `one of ${addressStatuses.join(", ")}`);
    const verifiedAt = typeof at === "string" && !Number.isNaN(Date.parse(at)) ? at : undefined;
    const channel = mustBeText(via, `${field}.via`);
    return {
      via: channel,
      value: normaliseAddress(channel, mustBeText(address, `${field}.value`)),
      verified,
      status: known,
      verifiedAt,
    };
  });
};
