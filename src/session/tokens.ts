import { createHmac, timingSafeEqual } from "node:crypto";
import { sha256 } from "../lib/digest.ts";
import { randomToken } from "../lib/ids.ts";

/** What a session token begins with, as the reference's. */
const SESSION_PREFIX = "ory_st_";
const LOGOUT_PREFIX = "ory_lo_";

/** A new session token: 32 characters of a CSPRNG behind the prefix, about 190 bits. */
export const newSessionToken = (): string => SESSION_PREFIX + randomToken(32);

/** What is kept of a token. The token is random enough for a plain SHA-256. */
export const tokenDigest = (token: string): Buffer => sha256(token);

/**
 * The logout tokens of sessions. They are derived, not stored: a keyed digest
 * of the session's id, so that asking for one writes nothing.
 */
export interface LogoutTokens {
  create(sessionId: string): string;
  matches(sessionId: string, token: string): boolean;
}

/** Creates the logout tokens. The first secret makes them, all are accepted. */
export const createLogoutTokens = (secrets: readonly string[]): LogoutTokens => {
  const derive = (secret: string, sessionId: string): string => {
    const mac = createHmac("sha256", secret).update(`ostiary logout token ${sessionId}`).digest();
    const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    // 32 bytes give 32 characters; the slight bias of the remainder costs under a bit of 190.
    return LOGOUT_PREFIX + Array.from(mac, (byte) => alphabet[byte % alphabet.length]).join("");
  };
  const [first = ""] = secrets;
  return {
    create: (sessionId) => derive(first, sessionId),
    matches: (sessionId, token) => {
      const given = Buffer.from(token);
      return secrets.some((secret) => {
        const expected = Buffer.from(derive(secret, sessionId));
        return expected.length === given.length && timingSafeEqual(expected, given);
      });
    },
  };
};
