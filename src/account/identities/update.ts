import type {
  UpdateIdentityRequest,
  UpdateIdentityResponse,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { State } from "../../../gen/ostiary/identity/v1/identity_pb.ts";
import { mustBeReadable } from "../../errors/must-be-readable.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { valueJson } from "../../lib/proto-json.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { importCredentials } from "./import-credentials.ts";
import { createAdminRenderer } from "./render.ts";
import { mustBeSchema, mustFit } from "./traits.ts";
import { createWrite } from "./write.ts";

/** Replaces identities. */
export const createUpdate = (deps: IdentityAdminDeps) => {
  const {
    storage: { db, directory, identities },
    credentials,
    schemas,
  } = deps;
  const write = createWrite(deps);
  const render = createAdminRenderer(credentials.kinds);

  return async (
    { id, etag, body, withoutAddressUndo }: UpdateIdentityRequest,
    call: Call,
  ): Promise<UpdateIdentityResponse> => {
    mustBeReadable(call);
    const record = await write(
      {
        id,
        etag,
        event: "identity.replaced",
        isUndoable: !withoutAddressUndo,
        plan: async (before, { sql, slow }) => {
          const schemaId = body?.schemaId || before.schemaId;
          const traits = mustFit(mustBeSchema(schemas, schemaId), body?.traits ?? {});
          return {
            schemaId,
            traits,
            metadataPublic: body?.metadataPublic ? valueJson(body.metadataPublic) : null,
            metadataAdmin: body?.metadataAdmin ? valueJson(body.metadataAdmin) : null,
            externalId: body?.externalId || null,
            credentials: await importCredentials(
              credentials.importers,
              body?.credentials,
              { identityId: before.id, traits, stored: (type) => identities.findSecret(sql, before.id, type) },
              slow,
            ),
            ...stateOf(body?.state),
          };
        },
      },
      call,
    );
    const stored = (await directory.credentialsOf(db, [record.id])).get(record.id) ?? [];
    return {
      $typeName: "ostiary.identity.v1.UpdateIdentityResponse",
      identity: render(record, schemas.urlOf(record.schemaId), {
        credentials: { stored, reveal: [] },
        isWritten: true,
      }),
      etag: String(record.version),
    };
  };
};

const stateOf = (state: State | undefined): { readonly state?: IdentityRecord["state"] } => {
  if (state === State.ACTIVE) return { state: "active" };
  return state === State.INACTIVE ? { state: "inactive" } : {};
};
