import { createHash, timingSafeEqual } from "node:crypto";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Call, CookieInstruction } from "../lib/call.ts";
import { sha256 } from "../lib/digest.ts";
import { randomBytes } from "../lib/random-bytes.ts";
import { hostCookieName } from "./host-cookie.ts";
import { putCookie } from "./put-cookie.ts";
import { readCookies } from "./read-cookie.ts";

/** Where the anti-CSRF secret lives in a browser. */
export interface CsrfCookie {
  readonly path: string;
  readonly domain: string | undefined;
  readonly sameSite: CookieInstruction["sameSite"];
  readonly secure: boolean;
}

const SECRET_BYTES = 32;
const draw = (): Buffer => randomBytes(SECRET_BYTES);
const A_YEAR = 31_536_000;
const DOCS = "https://owasp.org/www-community/attacks/csrf";

/**
 * The anti-CSRF secret of a browser and the tokens made of it.
 *
 * The cookie holds 32 random bytes; a form's token is a one-time pad and the
 * secret XORed with it, different at every render. Both are accepted masked and
 * plain. The name depends on the public base URL, and on where the cookie lives.
 */
export interface Csrf {
  readonly cookieName: string;
  /** The browser's secret; one is handed out when it has none. */
  ensure(call: Call): Buffer;
  /** A secret that no browser has yet. */
  draw(): Buffer;
  /** Begins a new secret, as signing in as someone else and signing out do: the one that was drawn for it, or any. */
  rotate(call: Call, drawn?: Buffer): Buffer;
  /** A token for a form: fresh at every render. */
  mask(secret: Buffer): string;
  /** The token that a flow's form carries: a native app's is empty, unless a browser's cookie came along. */
  tokenFor(call: Call, type: "browser" | "api"): string;
  /** What a flow stores to recognise its browser again. */
  digest(secret: Buffer): Buffer;
  /** Compares the token in the body with the cookie. @throws CSRF_VIOLATION unless they fit */
  mustMatch(call: Call, token: string): void;
  /** Compares the cookie with that of the creation of the flow. @throws CSRF_VIOLATION unless they are the same */
  mustBeCreator(call: Call, digest: Buffer | undefined): void;
}

/** Creates the anti-CSRF checks for one public base URL, exactly as configured. */
export const createCsrf = (publicBaseUrl: string, cookie: CsrfCookie): Csrf => {
  const cookieName = hostCookieName(`csrf_token_${createHash("sha256").update(publicBaseUrl).digest("hex")}`, cookie);

  /** Every secret that the browser brings; there are several when cookies of another path or domain live on. */
  const readAll = (call: Call): readonly Buffer[] =>
    readCookies(call, cookieName)
      .map(unmask)
      .filter((secret) => secret !== undefined);
  const read = (call: Call): Buffer | undefined => readAll(call)[0];

  const set = (call: Call, secret: Buffer): Buffer => {
    putCookie(call, {
      name: cookieName,
      value: secret.toString("base64"),
      ...cookie,
      httpOnly: true,
      maxAge: A_YEAR,
    });
    return secret;
  };

  const violation = (call: Call, reason: string | undefined): ServiceError => {
    const ajax = ["cors", "same-origin"].includes(String(call.headers["sec-fetch-mode"]));
    return serviceError("CSRF_VIOLATION", {
      explain:
        "Please retry the flow and clear your cookies. The request was rejected to protect you from cross-site " +
        "request forgery.",
      details: {
        docs: DOCS,
        hint: ajax
          ? "Send the request with credentials: cookies must travel with it."
          : "A server that calls on behalf of a browser must forward the browser's Cookie header.",
        ...(reason !== undefined && { reject_reason: reason }),
      },
    });
  };

  const mustBring = (call: Call): readonly Buffer[] => {
    const secrets = readAll(call);
    if (secrets.length > 0) return secrets;
    throw violation(
      call,
      call.headers.cookie === undefined ? "The request has no Cookie header." : "The request has no anti-CSRF cookie.",
    );
  };

  const mask = (secret: Buffer): string => {
    const pad = randomBytes(SECRET_BYTES);
    return Buffer.concat([pad, xor(pad, secret)]).toString("base64");
  };
  const ensure = (call: Call): Buffer => pending(call, cookieName) ?? read(call) ?? set(call, draw());

  return {
    cookieName,
    ensure,
    draw,
    rotate: (call, drawn = draw()) => set(call, drawn),
    mask,
    tokenFor: (call, type) => {
      const secret = type === "browser" ? ensure(call) : read(call);
      return secret === undefined ? "" : mask(secret);
    },
    digest: (secret) => sha256(secret),
    mustMatch: (call, token) => {
      const secrets = mustBring(call);
      const given = unmask(token);
      if (given === undefined || !secrets.some((secret) => timingSafeEqual(given, secret)))
        throw violation(call, "The csrf_token does not fit the anti-CSRF cookie.");
    },
    mustBeCreator: (call, digest) => {
      const secrets = mustBring(call);
      if (digest === undefined || !secrets.some((secret) => timingSafeEqual(sha256(secret), digest)))
        throw violation(call, undefined);
    },
  };
};

/** A secret that this very answer hands out already. */
const pending = (call: Call, name: string): Buffer | undefined => {
  const cookie = call.reply.cookies.find((c) => c.name === name);
  return cookie && Buffer.from(cookie.value, "base64");
};

const unmask = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === SECRET_BYTES) return bytes;
  if (bytes.length === 2 * SECRET_BYTES) return xor(bytes.subarray(0, SECRET_BYTES), bytes.subarray(SECRET_BYTES));
  return undefined;
};

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));
