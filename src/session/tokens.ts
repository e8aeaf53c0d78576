import { createHmac, timingSafeEqual } from "node:crypto";
import { sha256 } from "../lib/digest.ts";
import { randomToken } from "../lib/ids.ts";

/** What a session token begins with, like those of Ory Kratos. */
const SESSION_PREFIX = "ory_st_";
const LOGOUT_PREFIX = "ory_lo_";

/** A new session token: 32 characters of a CSPRNG behind the prefix, about 190 bits. */
export const newSessionToken = (): string => SESSION_PREFIX + randomToken(32);

/**
 * The token that follows another when its bearer authenticates again. Two
 * requests that do so at the same moment bring the same token and come to the
 * same next one, so that both are answered with what is live. It cannot be made
 * of the old token alone, nor of the database, nor of the secret.
 *
 * @param salt random, stored with the session, another for each token
 */
export const nextSessionToken = (secret: string, token: string, salt: Buffer): string =>
  SESSION_PREFIX +
  letters(createHmac("sha256", secret).update("ostiary session token ").update(salt).update(token).digest());

/** Whether a text can be a session token at all. */
export const isSessionToken = (text: string): boolean => text.startsWith(SESSION_PREFIX);

/** What is stored of a token. The token is random enough for a plain SHA-256. */
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
    return LOGOUT_PREFIX + letters(mac);
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

const ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** 32 bytes give 32 characters; the slight bias of the remainder costs under a bit of 190. */
const letters = (mac: Buffer): string => Array.from(mac, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
