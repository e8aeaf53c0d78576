import {
  type ExchangeSessionTokenRequest,
  type ExchangeSessionTokenResponse,
  SessionService,
} from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import type { Config } from "../../config/config.ts";
import type { Logout } from "../../flows/logout/logout.ts";
import type { FlowSessions, FlowStorage } from "../../flows/shared/deps.ts";
import type { Call } from "../../lib/call.ts";
import { defineService } from "../../lib/service.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { Csrf } from "../../session/csrf.ts";
import type { SessionEndings } from "../../session/endings.ts";
import type { SessionStore } from "../../session/store.ts";
import { createOthers } from "./others.ts";
import { createWhoAmI } from "./whoami.ts";

/*
 * Who is signed in and where else, one file for each. Signing out is
 * src/flows/logout, the sessions themselves are src/session.
 */

/** What the RPCs about sessions need. */
export interface SessionDeps
  extends Pick<FlowStorage, "db" | "clock">,
    Pick<FlowSessions, "callers" | "csrf" | "sessionCookie"> {
  readonly sessions: SessionStore;
  readonly sessionEndings: SessionEndings;
  readonly schemas: Schemas;
  readonly requiredAal: Config["session"]["whoami"]["required_aal"];
  readonly logout: Logout;
  /** Gives a native app the session that it fetches with its codes. */
  readonly exchange: (request: ExchangeSessionTokenRequest, call: Call) => Promise<ExchangeSessionTokenResponse>;
}

/** Creates the SessionService. */
export const createSessionService = (deps: SessionDeps) => {
  const { createLogoutFlow, updateLogoutFlow, performNativeLogout } = deps.logout;
  const { listSessions, revokeOtherSessions, revokeSession } = createOthers(deps);
  /** Hands the anti-CSRF cookie to a browser that must sign in first; there is no page to send it to. */
  const handCsrf = (_: unknown, call: Parameters<Csrf["ensure"]>[0]) => {
    deps.csrf.ensure(call);
    return undefined;
  };
  return defineService(SessionService, {
    whoAmI: { run: createWhoAmI(deps) },
    listSessions: { run: listSessions },
    revokeOtherSessions: { run: revokeOtherSessions },
    revokeSession: { run: revokeSession },
    createLogoutFlow: { run: createLogoutFlow, signIn: handCsrf },
    updateLogoutFlow: { run: updateLogoutFlow, signIn: handCsrf },
    performNativeLogout: { run: performNativeLogout },
    exchangeSessionToken: { run: deps.exchange },
  });
};
