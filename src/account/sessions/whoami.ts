import type { WhoAmIRequest, WhoAmIResponse } from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import { renderIdentity } from "../../identity/render.ts";
import type { Call } from "../../lib/call.ts";
import { renderSession } from "../../session/render.ts";
import type { SessionDeps } from "./deps.ts";

/** Who am I: one statement, shared with the other lookups of the same moment. */
export const createWhoAmI = ({ callers, clock, requiredAal, schemas, sessionCookie }: SessionDeps) => {
  return async (request: WhoAmIRequest, call: Call): Promise<WhoAmIResponse> => {
    const caller = await callers.must(call);
    callers.mustSatisfyAal(caller, requiredAal);
    if (request.tokenizeAs !== "")
      throw serviceError("INVALID_FIELD", {
        field: "tokenize_as",
        explain: "There is no token template of this name.",
      });
    const { credential, identity, session } = caller;
    // The session was extended since the cookie was made: the cookie follows.
    if (credential.cookieExpiresAt && credential.cookieExpiresAt < session.expiresAt)
      sessionCookie.set(call, { token: credential.token, expiresAt: session.expiresAt }, clock.now());
    call.reply.headers.set("x-kratos-authenticated-identity-id", identity.id);
    return {
      $typeName: "ostiary.session.v1.WhoAmIResponse",
      session: renderSession(caller, renderIdentity(identity, schemas.must(identity.schemaId).url), clock.now()),
    };
  };
};
