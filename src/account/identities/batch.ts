import type {
  BatchPatchIdentitiesRequest,
  BatchPatchIdentitiesResponse,
  IdentityPatch,
  IdentityPatchResult,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { mustBeReadable } from "../../errors/must-be-readable.ts";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { someAtOnce } from "../../lib/some-at-once.ts";
import type { Create } from "./create.ts";
import { describeFailure } from "./describe-failure.ts";

/** Passwords in clear text that one call may bring: each is hashed. */
const MOST_PASSWORDS = 200;
/** How many are made at once. */
const AT_ONCE = 8;

/** Creates many identities, each on its own. */
export const createBatch = (make: Create) => {
  const one = async (patch: IdentityPatch, call: Call): Promise<IdentityPatchResult> => {
    const named = patch.patchId === "" ? {} : { patchId: patch.patchId };
    try {
      if (patch.create === undefined)
        throw serviceError("INVALID_FIELD", { field: "create", explain: "create is missing." });
      const { id } = await make(patch.create, call);
      return { $typeName: "ostiary.identity.v1.IdentityPatchResult", action: "create", identity: id, ...named };
    } catch (error) {
      // What is nobody's mistake ends the call: what was made until then is found by its identifiers.
      if (!(error instanceof ServiceError) || error.row.status >= 500) throw error;
      return {
        $typeName: "ostiary.identity.v1.IdentityPatchResult",
        action: "error",
        error: { $typeName: "ostiary.identity.v1.IdentityPatchError", ...describeFailure(error) },
        ...named,
      };
    }
  };

  return async ({ identities }: BatchPatchIdentitiesRequest, call: Call): Promise<BatchPatchIdentitiesResponse> => {
    mustBeReadable(call);
    const clear = identities.filter(({ create }) => (create?.credentials?.password?.config?.password ?? "") !== "");
    if (clear.length > MOST_PASSWORDS)
      throw serviceError("INVALID_FIELD", {
        field: "identities",
        explain: `At most ${MOST_PASSWORDS} passwords in clear text may be set at once: send hashes, or more calls.`,
      });
    const results = await someAtOnce(identities, { atOnce: AT_ONCE, signal: call.signal }, (patch) => one(patch, call));
    return { $typeName: "ostiary.identity.v1.BatchPatchIdentitiesResponse", identities: results };
  };
};
