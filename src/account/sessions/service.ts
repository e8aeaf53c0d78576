import { SessionService } from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { defineService } from "../../lib/service.ts";
import type { Csrf } from "../../session/csrf.ts";
import type { SessionDeps } from "./deps.ts";
import { createOthers } from "./others.ts";
import { createTrustedDevicesRpcs } from "./trusted-devices.ts";
import { createWhoAmI } from "./whoami.ts";

/*
 * Who is signed in and where else, one file for each. Signing out is
 * src/flows/logout, the sessions themselves are src/session.
 */

/** Creates the SessionService. */
export const createSessionService = (deps: SessionDeps) => {
  const { createLogoutFlow, updateLogoutFlow, performNativeLogout } = deps.logout;
  const { listTrustedDevices, revokeTrustedDevice } = createTrustedDevicesRpcs(deps);
  const { listSessions, revokeOtherSessions, revokeSession } = createOthers(deps);
  /** Hands the anti-CSRF cookie to a browser that must sign in first; there is no page to send it to. */
  const handCsrf = (_: unknown, call: Parameters<Csrf["ensure"]>[0]) => {
    deps.sessions.csrf.ensure(call);
    return undefined;
  };
  return defineService(SessionService, {
    whoAmI: { run: createWhoAmI(deps) },
    listSessions: { run: listSessions },
    revokeOtherSessions: { run: revokeOtherSessions },
    revokeSession: { run: revokeSession },
    listTrustedDevices: { run: listTrustedDevices },
    revokeTrustedDevice: { run: revokeTrustedDevice },
    createLogoutFlow: { run: createLogoutFlow, signIn: handCsrf },
    updateLogoutFlow: { run: updateLogoutFlow, signIn: handCsrf },
    performNativeLogout: { run: performNativeLogout },
    exchangeSessionToken: { run: deps.exchange },
  });
};
