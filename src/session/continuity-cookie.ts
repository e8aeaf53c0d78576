import { randomBytes } from "node:crypto";
import type { Call, CookieInstruction } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { digestOf } from "../lib/digest.ts";
import type { TextAead } from "../lib/keyring.ts";
import { hostCookieName } from "./host-cookie.ts";
import { putCookie } from "./put-cookie.ts";
import { readCookies } from "./read-cookie.ts";

/** Where the cookie lives. */
export interface ContinuityCookieSettings {
  readonly path: string;
  readonly domain: string | undefined;
  readonly sameSite: CookieInstruction["sameSite"];
  readonly secure: boolean;
}

/**
 * Identifies a browser that was redirected to another site. The cookie holds a random id of
 * the browser, sealed, and nothing else: its continuations are on the server, and
 * one id serves any number of redirects at once.
 */
export interface ContinuityCookie {
  /** The digest of the browser's id; one is handed out when it has none. */
  ensure(call: Call): string;
  /** The digest of the id that the browser brings. */
  read(call: Call): string | undefined;
}

/** As Ory Kratos names it, and for as long: 30 days. */
const NAME = "ory_kratos_continuity";
const MAX_AGE = 2_592_000;

/** Creates the cookie. */
export const createContinuityCookie = (
  settings: ContinuityCookieSettings,
  seal: TextAead,
  clock: Clock,
): ContinuityCookie => {
  const name = hostCookieName(NAME, settings);
  const idOf = (call: Call): string | undefined => {
    for (const value of readCookies(call, name)) {
      const id = seal.open(value);
      if (id !== undefined) return id;
    }
    return undefined;
  };
  return {
    ensure: (call) => {
      const id = idOf(call) ?? randomBytes(32).toString("base64url");
      const expires = new Date(clock.now().getTime() + MAX_AGE * 1000);
      putCookie(call, {
        name,
        value: seal.seal(id),
        ...settings,
        httpOnly: true,
        maxAge: MAX_AGE,
        expires,
      });
      return digestOf(id);
    },
    read: (call) => {
      const id = idOf(call);
      return id === undefined ? undefined : digestOf(id);
    },
  };
};
