import { SessionSchema } from "../../../gen/ostiary/session/v1/session_pb.ts";
import type { WhoAmIRequest, WhoAmIResponse } from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { renderIdentity } from "../../identity/render.ts";
import type { Call } from "../../lib/call.ts";
import { renderSession } from "../../session/render.ts";
import type { SessionDeps } from "./deps.ts";

/** Creates WhoAmI: one statement, shared with the other lookups of the same moment. */
export const createWhoAmI = (deps: SessionDeps) => {
  const {
    storage: { clock },
    sessions: { callers, sessionCookie },
    requiredAal,
    schemas,
  } = deps;
  const { cacheFor, print, tokenizer } = deps.answering;
  return async ({ tokenizeAs }: WhoAmIRequest, call: Call): Promise<WhoAmIResponse> => {
    const caller = await callers.must(call);
    callers.mustSatisfyAal(caller, requiredAal);
    const { credential, identity, session } = caller;
    const now = clock.now();
    const shown = renderSession(caller, renderIdentity(identity, schemas.urlOf(identity.schemaId)), now);
    if (tokenizeAs !== "") shown.tokenized = await tokenizer.tokenize(tokenizeAs, caller, print(SessionSchema, shown));
    // The session was extended since the cookie was made: the cookie follows.
    if (credential.cookieExpiresAt && credential.cookieExpiresAt < session.expiresAt)
      sessionCookie.set(call, { token: credential.token, expiresAt: session.expiresAt }, now);
    call.reply.headers.set("x-kratos-authenticated-identity-id", identity.id);
    if (cacheFor !== undefined) {
      const seconds = Math.floor(Math.min(cacheFor, session.expiresAt.getTime() - now.getTime()) / 1000);
      call.reply.headers.set("ory-session-cache-for", String(seconds));
    }
    return { $typeName: "ostiary.session.v1.WhoAmIResponse", session: shown };
  };
};
