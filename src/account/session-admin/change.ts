import type {
  DeleteIdentitySessionsRequest,
  DeleteIdentitySessionsResponse,
  DisableSessionRequest,
  DisableSessionResponse,
  ExtendSessionRequest,
  ExtendSessionResponse,
} from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import { isLive } from "../../session/session.ts";
import type { SessionAdminDeps } from "./deps.ts";
import { noSession } from "./list.ts";
import { createSessionPresenter } from "./render.ts";

/** Ends and extends sessions. Each comes before or after any other change of the person. */
export const createSessionChanges = (deps: SessionAdminDeps) => {
  const { clock, db, directory, extension, identities } = deps;
  const present = createSessionPresenter(deps);

  return {
    async disableSession({ id }: DisableSessionRequest): Promise<DisableSessionResponse> {
      const [key] = await directory.keysOf(db, [id]);
      if (key === undefined) throw noSession();
      await db.transaction(async (tx) => {
        await identities.lock(tx, key.identityId);
        await directory.disableSome(tx, key.identityId, [key.id]);
      });
      return { $typeName: "ostiary.session.v1.DisableSessionResponse" };
    },

    async extendSession({ id }: ExtendSessionRequest): Promise<ExtendSessionResponse> {
      const [key] = await directory.keysOf(db, [id]);
      const extended =
        key &&
        (await db.transaction(async (tx) => {
          await identities.lock(tx, key.identityId);
          const found = await directory.find(tx, key.id);
          if (found === undefined) return undefined;
          const now = clock.now();
          const left = found.session.expiresAt.getTime() - now.getTime();
          if (!isLive(found, now) || left > extension.earliest) return found;
          const expiresAt = new Date(now.getTime() + extension.lifespan);
          // It may have been given a longer life than the configuration has now.
          if (expiresAt <= found.session.expiresAt) return found;
          await directory.extend(tx, key, expiresAt);
          return { ...found, session: { ...found.session, expiresAt } };
        }));
      if (extended === undefined) throw noSession();
      return {
        $typeName: "ostiary.session.v1.ExtendSessionResponse",
        ...(!extension.isSilent && { session: present(extended, { devices: false, identity: "as_its_owner" }) }),
      };
    },

    async deleteIdentitySessions({ id }: DeleteIdentitySessionsRequest): Promise<DeleteIdentitySessionsResponse> {
      const deleted = await db.transaction(async (tx) => {
        await identities.lock(tx, id);
        return directory.deleteAll(tx, id);
      });
      if (deleted === 0) throw serviceError("NOT_FOUND", { explain: "The identity has no sessions." });
      return { $typeName: "ostiary.session.v1.DeleteIdentitySessionsResponse" };
    },
  };
};
