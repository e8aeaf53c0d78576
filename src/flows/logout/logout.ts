import type {
  CreateLogoutFlowRequest,
  CreateLogoutFlowResponse,
  PerformNativeLogoutRequest,
  PerformNativeLogoutResponse,
  UpdateLogoutFlowRequest,
  UpdateLogoutFlowResponse,
} from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { mustBeReadable } from "../../errors/must-be-readable.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { Callers } from "../../session/caller.ts";
import type { Csrf } from "../../session/csrf.ts";
import type { SessionEndings } from "../../session/endings.ts";
import type { SessionCookie } from "../../session/session-cookie.ts";
import type { LogoutTokens } from "../../session/tokens.ts";
import type { ReturnTo } from "../shared/return-to.ts";
import { withQuery } from "../shared/urls.ts";

/** What signing out needs. */
export interface LogoutDeps {
  readonly callers: Callers;
  readonly csrf: Csrf;
  readonly sessionCookie: SessionCookie;
  readonly sessionEndings: SessionEndings;
  readonly logoutTokens: LogoutTokens;
  readonly returnTo: ReturnTo;
  readonly urls: {
    /** Public base URL, without a slash at its end. */
    readonly public: string;
    /** Where browsers go after signing out when nothing else is said. */
    readonly afterLogout: string;
  };
  /** Whether browsers are asked to clear what they store of this site. */
  readonly clearsBrowserData: boolean;
}

/** The RPCs that sign a person out. */
export type Logout = ReturnType<typeof createLogout>;

/** Signing out: a link for browsers, a call for native apps. */
export const createLogout = ({
  callers,
  clearsBrowserData,
  csrf,
  logoutTokens,
  returnTo,
  sessionCookie,
  sessionEndings,
  urls,
}: LogoutDeps) => ({
  async createLogoutFlow(request: CreateLogoutFlowRequest, call: Call): Promise<CreateLogoutFlowResponse> {
    csrf.ensure(call);
    const { session } = await callers.must(call);
    const allowed = returnTo.mustShow(request.returnTo);
    const token = logoutTokens.create(session.id);
    return {
      $typeName: "ostiary.session.v1.CreateLogoutFlowResponse",
      logoutUrl: withQuery(`${urls.public}/self-service/logout`, { return_to: allowed, token }),
      logoutToken: token,
    };
  },

  async updateLogoutFlow(request: UpdateLogoutFlowRequest, call: Call): Promise<UpdateLogoutFlowResponse> {
    csrf.ensure(call);
    const { session } = await callers.must(call);
    const destination = returnTo.must(request.returnTo) ?? urls.afterLogout;
    if (request.token === "")
      throw serviceError("INVALID_FIELD", { field: "token", explain: "The token query parameter is missing." });
    // The token is the proof that the person wanted this: the link cannot be made by another site.
    if (!logoutTokens.matches(session.id, request.token))
      throw serviceError("LOGOUT_TOKEN_MISMATCH", { explain: "The token query parameter does not fit the session." });
    await sessionEndings.end(session, call);
    sessionCookie.clear(call);
    csrf.rotate(call);
    // Browsers heed it over https alone (https://www.w3.org/TR/clear-site-data/#fetch-integration).
    if (clearsBrowserData && call.url.startsWith("https:"))
      call.reply.headers.set("clear-site-data", '"cookies","storage","cache"');
    return { $typeName: "ostiary.session.v1.UpdateLogoutFlowResponse", redirectBrowserTo: destination };
  },

  async performNativeLogout(
    { sessionToken }: PerformNativeLogoutRequest,
    call: Call,
  ): Promise<PerformNativeLogoutResponse> {
    mustBeReadable(call);
    if (sessionToken === "")
      throw serviceError("INVALID_FIELD", { field: "session_token", explain: "session_token is missing." });
    if (!(await sessionEndings.endByToken(sessionToken, call)))
      throw serviceError("SESSION_TOKEN_UNKNOWN", { explain: "No session has this token." });
    return { $typeName: "ostiary.session.v1.PerformNativeLogoutResponse" };
  },
});
