import type { JsonObject } from "@bufbuild/protobuf";
import type {
  CreateIdentityRequest,
  CreateIdentityResponse,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { State } from "../../../gen/ostiary/identity/v1/identity_pb.ts";
import type { SecurityEvent } from "../../audit/audit-log.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import { mustBeReadable } from "../../errors/must-be-readable.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import { apply } from "../../identity/apply.ts";
import { blankIdentity } from "../../identity/blank.ts";
import type { CredentialChange, IdentityRecord } from "../../identity/identity.ts";
import type { SlowWork } from "../../identity/slow-work.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4, uuid7 } from "../../lib/ids.ts";
import { valueJson } from "../../lib/proto-json.ts";
import { addressStates } from "./address-states.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { importCredentials } from "./import-credentials.ts";
import { operatorOf } from "./operator-of.ts";
import { refusedValue } from "./refused-value.ts";
import { createAdminRenderer } from "./render.ts";
import { mustBeSchema, mustFit } from "./traits.ts";

/** What an operator says of someone who is to be made. */
type Given = Omit<CreateIdentityRequest, "$typeName" | "$unknown">;

/** Makes one identity. @throws INVALID_FIELD, OVERLOADED, ALREADY_EXISTS */
export type Create = (given: Given, call: Call) => Promise<IdentityRecord>;

/** Someone who is to be made, and what they sign in with. */
export interface PreparedIdentity {
  readonly identity: IdentityRecord;
  readonly credentials: readonly CredentialChange[];
}

/** Everything that takes long, and all that can be wrong at sight. @throws INVALID_FIELD, OVERLOADED */
export type Prepare = (given: Given, id?: string) => Promise<PreparedIdentity>;

/** Nothing is locked while someone new is prepared. */
const atOnce: SlowWork = (_key, work) => work();

/** Makes identities. */
export const createCreate = (deps: IdentityAdminDeps) => {
  const {
    storage: { clock, db, directory, identities },
    adminUrl,
    audit,
    credentials,
    schemas,
  } = deps;
  const render = createAdminRenderer(credentials.kinds);

  const prepare: Prepare = async (request, givenId) => {
    const now = clock.now();
    if (request.organizationId !== "")
      throw serviceError("INVALID_FIELD", { field: "organization_id", explain: "There are no organizations." });
    const schema = request.schemaId === "" ? schemas.default : mustBeSchema(schemas, request.schemaId);
    const traits = mustFit(schema, request.traits ?? {});
    const id = givenId ?? uuid7(now);
    const imported = await importCredentials(
      credentials.importers,
      request.credentials,
      { identityId: id, traits, stored: async () => undefined },
      atOnce,
    );
    const identity = apply(
      blankIdentity(id, schema.id, now),
      {
        traits,
        credentials: imported,
        addresses: addressStates(request.verifiableAddresses),
        ...(request.metadataPublic && { metadataPublic: valueJson(request.metadataPublic) }),
        ...(request.metadataAdmin && { metadataAdmin: valueJson(request.metadataAdmin) }),
        ...(request.state === State.INACTIVE && { state: "inactive" }),
        ...(request.externalId !== "" && { externalId: request.externalId }),
      },
      { now, newId: uuid4 },
    );
    return { identity, credentials: imported };
  };

  /** @throws ALREADY_EXISTS, INVALID_FIELD */
  const write = async (made: PreparedIdentity, call: Call): Promise<void> => {
    const { identity } = made;
    try {
      await db.transaction(async (tx) => {
        await identities.insert(tx, identity, secretsOf(made));
        await audit.record(tx, creationOf(identity, call), call);
      });
    } catch (error) {
      throw isDuplicate(error) ? alreadyExists() : (refusedValue(error) ?? error);
    }
  };

  const make: Create = async (request, call) => {
    const made = await prepare(request);
    await write(made, call);
    return made.identity;
  };

  return {
    make,
    prepare,

    async createIdentity(request: CreateIdentityRequest, call: Call): Promise<CreateIdentityResponse> {
      mustBeReadable(call);
      const identity = await make(request, call);
      const stored = (await directory.credentialsOf(db, [identity.id])).get(identity.id) ?? [];
      call.reply.headers.set("location", `${adminUrl}/identities/${identity.id}`);
      return {
        $typeName: "ostiary.identity.v1.CreateIdentityResponse",
        identity: render(identity, schemas.urlOf(identity.schemaId), {
          credentials: { stored, reveal: [] },
          isNew: true,
          isWritten: true,
        }),
      };
    },
  };
};

/** The secrets of someone new, by the type of credential. */
export const secretsOf = ({ credentials }: PreparedIdentity): Readonly<Record<string, JsonObject>> =>
  Object.fromEntries(
    credentials.flatMap(({ type, config }): [string, JsonObject][] => (config === null ? [] : [[type, config]])),
  );

/** The event of a creation. */
export const creationOf = ({ id }: IdentityRecord, call: Call): SecurityEvent => ({
  identityId: id,
  sessionId: undefined,
  type: "identity.created",
  outcome: "done",
  detail: operatorOf(call),
});

/** An identifier, an address or an external id belongs to another identity. */
export const alreadyExists = (field?: string): ServiceError =>
  serviceError("ALREADY_EXISTS", {
    ...(field !== undefined && { field }),
    explain: "An identifier, an address or the external id belongs to another identity already.",
  });
