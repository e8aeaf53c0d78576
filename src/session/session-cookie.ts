import type { Call, CookieInstruction } from "../lib/call.ts";
import { putCookie } from "./put-cookie.ts";
import { readCookies } from "./read-cookie.ts";

/** Seals text into an opaque value and opens it again; undefined for what was not sealed here. */
export interface TextAead {
  seal(plain: string): string;
  open(sealed: string): string | undefined;
}

/** How the session cookie is handed out. */
export interface SessionCookieSettings {
  readonly name: string;
  readonly path: string;
  readonly domain: string | undefined;
  readonly sameSite: CookieInstruction["sameSite"];
  readonly secure: boolean;
  /** Whether it outlives the browser. */
  readonly persistent: boolean;
}

/** What the cookie holds, sealed. */
export interface SessionCookieContent {
  readonly token: string;
  readonly expiresAt: Date;
}

/**
 * The cookie that carries a browser's session token, encrypted and
 * authenticated, so that a token of another origin cannot be put into it.
 */
export interface SessionCookie {
  read(call: Call): SessionCookieContent | undefined;
  set(call: Call, content: SessionCookieContent, now: Date): void;
  clear(call: Call): void;
}

/**
 * Creates the session cookie.
 *
 * @param openOther opens cookies that another server handed out under the same name
 */
export const createSessionCookie = (
  settings: SessionCookieSettings,
  seal: TextAead,
  openOther: (value: string) => SessionCookieContent | undefined = () => undefined,
): SessionCookie => {
  const { name, persistent, ...attributes } = settings;
  const put = (call: Call, cookie: Pick<CookieInstruction, "value" | "maxAge" | "expires">) =>
    putCookie(call, { name, ...attributes, httpOnly: true, ...cookie });
  const openOne = (value: string): SessionCookieContent | undefined => {
    const [token, expires] = seal.open(value)?.split(" ") ?? [];
    return token === undefined || expires === undefined
      ? openOther(value)
      : { token, expiresAt: new Date(Number(expires)) };
  };
  /** Of several the one that ends last: it was handed out last. */
  const open = (call: Call): SessionCookieContent | undefined => {
    let latest: SessionCookieContent | undefined;
    for (const value of readCookies(call, name)) {
      const content = openOne(value);
      if (content !== undefined && (latest === undefined || content.expiresAt > latest.expiresAt)) latest = content;
    }
    return latest;
  };
  // A call is asked for its session more than once, by the pipeline and by the flow.
  const opened = new WeakMap<Call, SessionCookieContent | "none">();

  return {
    read: (call) => {
      if (call.headers.cookie === undefined) return undefined;
      const known = opened.get(call) ?? open(call) ?? "none";
      opened.set(call, known);
      return known === "none" ? undefined : known;
    },
    set: (call, { token, expiresAt }, now) => {
      const value = seal.seal(`${token} ${expiresAt.getTime()}`);
      put(
        call,
        persistent
          ? { value, expires: expiresAt, maxAge: Math.max(1, Math.round((expiresAt.getTime() - now.getTime()) / 1000)) }
          : { value },
      );
    },
    clear: (call) => put(call, { value: "", expires: new Date(0), maxAge: 0 }),
  };
};
