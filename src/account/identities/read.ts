import type {
  GetIdentityByExternalIdRequest,
  GetIdentityByExternalIdResponse,
  GetIdentityRequest,
  GetIdentityResponse,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { mustHaveScope } from "../../errors/must-have-scope.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { parseUuid } from "../../lib/ids.ts";
import type { CredentialAdministration } from "../../methods/contract/administration.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { createAdminRenderer } from "./render.ts";

/** Types of credentials that operators of Ory Kratos ask for, and that nobody has here. */
const absentTypes = ["profile", "saml"];

/** There is no such identity: what is no UUID is no id of one either. */
export const noIdentity = () => serviceError("NOT_FOUND", { explain: "There is no identity of this id." });

/**
 * Types of credentials whose secrets an operator asks for and may see.
 *
 * @param kinds those that there are
 * @throws INVALID_FIELD, SCOPE_REQUIRED
 */
export const mustReveal = (
  types: readonly string[],
  kinds: readonly Pick<CredentialAdministration, "type">[],
  call: Call,
): readonly string[] => {
  for (const type of types)
    if (!absentTypes.includes(type) && !kinds.some((kind) => kind.type === type))
      throw serviceError("INVALID_FIELD", {
        field: "include_credential",
        explain: "include_credential: there is no credential of this type.",
      });
  if (types.length > 0) mustHaveScope(call, "identities.credentials");
  return types;
};

/** Reads one identity, by its own id or the one that another system knows it by. */
export const createReads = ({ storage: { db, directory, identities }, credentials, schemas }: IdentityAdminDeps) => {
  const render = createAdminRenderer(credentials.kinds);

  const shown = async (record: IdentityRecord | undefined, reveal: readonly string[]) => {
    if (record === undefined) throw noIdentity();
    const stored = (await directory.credentialsOf(db, [record.id])).get(record.id) ?? [];
    return {
      identity: render(record, schemas.urlOf(record.schemaId), { credentials: { stored, reveal } }),
      etag: String(record.version),
    };
  };

  return {
    async getIdentity({ id, includeCredential }: GetIdentityRequest, call: Call): Promise<GetIdentityResponse> {
      const reveal = mustReveal(includeCredential, credentials.kinds, call);
      const record = parseUuid(id) && (await identities.find(db, id));
      return { $typeName: "ostiary.identity.v1.GetIdentityResponse", ...(await shown(record, reveal)) };
    },

    async getIdentityByExternalId(
      { externalId, includeCredential }: GetIdentityByExternalIdRequest,
      call: Call,
    ): Promise<GetIdentityByExternalIdResponse> {
      const reveal = mustReveal(includeCredential, credentials.kinds, call);
      const found = await identities.findByIdentifier(db, "external_id", [externalId]);
      return {
        $typeName: "ostiary.identity.v1.GetIdentityByExternalIdResponse",
        ...(await shown(found?.identity, reveal)),
      };
    },
  };
};
