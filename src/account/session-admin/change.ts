import type {
  DeleteIdentitySessionsRequest,
  DeleteIdentitySessionsResponse,
  DisableSessionRequest,
  DisableSessionResponse,
  ExtendSessionRequest,
  ExtendSessionResponse,
} from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { isLive } from "../../session/session.ts";
import { operatorOf } from "../identities/operator-of.ts";
import type { SessionAdminDeps } from "./deps.ts";
import { endedByOperator } from "./ended-by-operator.ts";
import { noSession } from "./list.ts";
import { createSessionRenderer } from "./render.ts";

/** Ends and extends sessions. Each comes before or after any other change of the person. */
export const createSessionChanges = (deps: SessionAdminDeps) => {
  const {
    storage: { clock, db, directory, identities },
    audit,
    extension,
  } = deps;
  const render = createSessionRenderer(deps);

  return {
    async disableSession({ id }: DisableSessionRequest, call: Call): Promise<DisableSessionResponse> {
      const [key] = await directory.keysOf(db, [id]);
      if (key === undefined) throw noSession();
      await db.transaction(async (tx) => {
        await identities.lock(tx, key.identityId);
        if ((await directory.disableSome(tx, key.identityId, [key.id])) === 0) return;
        await audit.record(tx, endedByOperator(key.identityId, 1, call, key.id), call);
      });
      return { $typeName: "ostiary.session.v1.DisableSessionResponse" };
    },

    async extendSession({ id }: ExtendSessionRequest, call: Call): Promise<ExtendSessionResponse> {
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
          const event = { type: "session.extended", outcome: "done" } as const;
          const detail = { subject: key.id, ...operatorOf(call) };
          await audit.record(tx, { identityId: key.identityId, sessionId: undefined, ...event, detail }, call);
          return { ...found, session: { ...found.session, expiresAt } };
        }));
      if (extended === undefined) throw noSession();
      return {
        $typeName: "ostiary.session.v1.ExtendSessionResponse",
        ...(!extension.isSilent && { session: render(extended, { devices: false, identity: "as_its_owner" }) }),
      };
    },

    async deleteIdentitySessions(
      { id }: DeleteIdentitySessionsRequest,
      call: Call,
    ): Promise<DeleteIdentitySessionsResponse> {
      const deleted = await db.transaction(async (tx) => {
        await identities.lock(tx, id);
        const count = await directory.deleteAll(tx, id);
        if (count > 0) await audit.record(tx, endedByOperator(id.toLowerCase(), count, call), call);
        return count;
      });
      if (deleted === 0) throw serviceError("NOT_FOUND", { explain: "The identity has no sessions." });
      return { $typeName: "ostiary.session.v1.DeleteIdentitySessionsResponse" };
    },
  };
};
