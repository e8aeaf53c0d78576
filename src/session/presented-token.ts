import { serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { SessionCookie } from "./session-cookie.ts";
import { isSessionToken } from "./tokens.ts";

/** The session token a call presents, and how it came. */
export interface PresentedToken {
  readonly token: string;
  readonly by: "header" | "cookie" | "bearer";
  /** With a cookie: when the cookie ends. */
  readonly cookieExpiresAt?: Date;
}

/**
 * Finds the session token of a call: `X-Session-Token`, then the session
 * cookie, then `Authorization: Bearer` (docs/compatibility.md, rule 8). A cookie that
 * cannot be read counts as none, and so does a bearer token of somebody else's:
 * apps send the one of their own API to every host.
 *
 * @throws SESSION_AMBIGUOUS when cookie and token name different sessions
 */
export const findPresentedToken = (call: Call, cookie: SessionCookie): PresentedToken | undefined => {
  const header = single(call.headers["x-session-token"]);
  const bearer = bearerOf(call);
  const inCookie = cookie.read(call);
  const sent = header ?? bearer;
  if (inCookie && sent !== undefined && sent !== inCookie.token)
    throw serviceError("SESSION_AMBIGUOUS", {
      explain: "The session cookie and the session token of the request name different sessions.",
    });
  if (header !== undefined) return { token: header, by: "header" };
  if (inCookie) return { token: inCookie.token, by: "cookie", cookieExpiresAt: inCookie.expiresAt };
  return bearer === undefined ? undefined : { token: bearer, by: "bearer" };
};

const bearerOf = (call: Call): string | undefined => {
  const token = /^bearer +(\S+)$/i.exec(call.headers.authorization ?? "")?.[1];
  return token !== undefined && isSessionToken(token) ? token : undefined;
};

const single = (value: string | string[] | undefined): string | undefined => {
  const first = Array.isArray(value) ? value[0] : value;
  return first === "" ? undefined : first;
};
