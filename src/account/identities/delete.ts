import type {
  DeleteCredentialRequest,
  DeleteCredentialResponse,
  DeleteIdentityRequest,
  DeleteIdentityResponse,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import { apply } from "../../identity/apply.ts";
import type { CredentialChange, IdentityRecord, Secret } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { parseUuid, uuid4 } from "../../lib/ids.ts";
import type { CredentialAdministration } from "../../methods/contract/administration.ts";
import { removeLeftOverBackups } from "../../methods/contract/left-over-backups.ts";
import { createEraseAccount } from "../deletion/erase-account.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { operatorOf } from "./operator-of.ts";
import { noIdentity } from "./read.ts";
import { createWrite } from "./write.ts";

/** Deletes identities, and single credentials of theirs. */
export const createDeletions = (deps: IdentityAdminDeps) => {
  const {
    storage: { clock, db, identities },
    credentials,
  } = deps;
  const backupDeps = { clock, identities, factors: credentials.factors };
  const write = createWrite(deps);
  const erase = createEraseAccount(deps);

  /** @throws NOT_FOUND, INVALID_FIELD */
  const plan = async (
    before: IdentityRecord,
    kind: CredentialAdministration,
    identifier: string,
    sql: Sql,
  ): Promise<CredentialChange> => {
    const secret = await identities.findSecret(sql, before.id, kind.type);
    if (secret === undefined) throw noCredential();
    if (kind.remove !== undefined && identifier === "")
      throw serviceError("INVALID_FIELD", {
        field: "identifier",
        explain: `identifier: which credential of the type ${kind.type} is meant is missing.`,
      });
    const change = removal(kind, secret, identifier);
    if (change === undefined) throw noCredential();
    if (kind.deletion === "unless_last" && credentials.countFirstFactors(without(before, change)) === 0)
      throw serviceError("INVALID_FIELD", {
        field: "type",
        explain: "Nothing would be left that the identity can sign in with.",
      });
    return change;
  };

  const without = (before: IdentityRecord, change: CredentialChange): IdentityRecord =>
    apply(before, { credentials: [change] }, { now: clock.now(), newId: uuid4 });

  return {
    async deleteIdentity({ id }: DeleteIdentityRequest, call: Call): Promise<DeleteIdentityResponse> {
      const by = { call, detail: operatorOf(call) };
      const isGone = parseUuid(id) !== undefined && (await db.transaction((tx) => erase(tx, id, by)));
      if (!isGone) throw noIdentity();
      return { $typeName: "ostiary.identity.v1.DeleteIdentityResponse" };
    },

    async deleteCredential(
      { id, type, identifier }: DeleteCredentialRequest,
      call: Call,
    ): Promise<DeleteCredentialResponse> {
      const kind = credentials.kinds.find((each) => each.type === type);
      await write(
        {
          id,
          etag: "",
          event: "credential.deleted",
          detail: { credential: type },
          plan: async (before, { sql }) => {
            if (kind === undefined) throw noCredential();
            if (kind.deletion === "never")
              throw serviceError("INVALID_FIELD", {
                field: "type",
                explain: `Credentials of the type ${type} cannot be deleted.`,
              });
            const change = await plan(before, kind, identifier, sql);
            const backups = await removeLeftOverBackups(backupDeps, sql, before, { credentials: [change] });
            return { credentials: [change, ...backups] };
          },
        },
        call,
      );
      return { $typeName: "ostiary.identity.v1.DeleteCredentialResponse" };
    },
  };
};

/** Undefined: there is no such part. */
const removal = (kind: CredentialAdministration, secret: Secret, identifier: string): CredentialChange | undefined =>
  kind.remove === undefined
    ? { type: kind.type, config: null, facts: {}, replaces: secret.version }
    : kind.remove(secret, identifier);

const noCredential = () => serviceError("NOT_FOUND", { explain: "The identity has no credential of this type." });
