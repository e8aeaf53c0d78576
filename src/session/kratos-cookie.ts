import { createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { sha256 } from "../lib/digest.ts";
import { readGobTexts } from "../lib/gob.ts";
import type { SessionCookieContent } from "./session-cookie.ts";

const MAC_BYTES = 32;
const IV_BYTES = 16;
const MOST_CHARACTERS = 4096;
const BAR = 0x7c;

/**
 * Opens the session cookies that Ory Kratos handed out with the same secrets and name: browsers go on with them after
 * a move (docs/move-in.md). Undefined for anything else.
 *
 * A cookie is the base64url of seconds, value and MAC with bars between; the value is the base64url of an IV and of a
 * Go map that is encrypted. The MAC is looked at before anything else is read.
 */
export const createKratosCookies = (
  name: string,
  secrets: readonly string[],
): ((value: string) => SessionCookieContent | undefined) => {
  const keys = secrets.map((secret) => ({ secret, key: sha256(secret) }));
  return (value) => {
    const parts = value.length > MOST_CHARACTERS ? undefined : split(Buffer.from(value, "base64url"));
    if (parts === undefined) return undefined;
    const { seconds, sealed, mac } = parts;
    const key = keys.find(({ secret }) =>
      timingSafeEqual(createHmac("sha256", secret).update(`${name}|${seconds}|${sealed}`).digest(), mac),
    )?.key;
    return key && contentOf(decrypt(key, Buffer.from(sealed, "base64url")), Number(seconds));
  };
};

const split = (bytes: Buffer) => {
  const first = bytes.indexOf(BAR);
  const second = bytes.indexOf(BAR, first + 1);
  if (first < 0 || second < 0 || bytes.length - second - 1 !== MAC_BYTES) return undefined;
  return {
    seconds: bytes.subarray(0, first).toString("latin1"),
    sealed: bytes.subarray(first + 1, second).toString("latin1"),
    mac: bytes.subarray(second + 1),
  };
};

const decrypt = (key: Buffer, bytes: Buffer): Buffer => {
  if (bytes.length <= IV_BYTES) return Buffer.alloc(0);
  const decipher = createDecipheriv("aes-256-ctr", key, bytes.subarray(0, IV_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES)), decipher.final()]);
};

/** Where the cookie does not say when it ends, it is as old as it is: whoami hands out a new one. */
const contentOf = (gob: Buffer, issued: number): SessionCookieContent | undefined => {
  const entries = readGobTexts(gob);
  const token = entries?.get("session_token");
  if (token === undefined) return undefined;
  const ends = Date.parse(entries?.get("expires_at") ?? "");
  return { token, expiresAt: new Date(Number.isNaN(ends) ? issued * 1_000 : ends) };
};
