import { SessionAdminService } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import { createSessionChanges } from "./change.ts";
import type { SessionAdminDeps } from "./deps.ts";
import { createSessionReads } from "./list.ts";
import { createManage } from "./manage.ts";

/** Creates the SessionAdminService: what operators do with sessions. */
export const createSessionAdminService = (deps: SessionAdminDeps) => {
  const { getSession, listAllSessions, listIdentitySessions } = createSessionReads(deps);
  const { deleteIdentitySessions, disableSession, extendSession } = createSessionChanges(deps);
  return defineService(SessionAdminService, {
    listAllSessions: { run: listAllSessions },
    getSession: { run: getSession },
    disableSession: { run: disableSession },
    extendSession: { run: extendSession },
    listIdentitySessions: { run: listIdentitySessions },
    deleteIdentitySessions: { run: deleteIdentitySessions },
    manageSessions: { run: createManage(deps) },
  });
};
