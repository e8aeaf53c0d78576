import { stringifySetCookie } from "cookie";
import type { CookieInstruction } from "./call.ts";

/** Writes the `Set-Cookie` lines of an answer, one for each cookie: they cannot be joined. */
export const toSetCookie = (cookies: readonly CookieInstruction[]): string[] =>
  cookies.map(({ name, value, path, domain, sameSite, secure, httpOnly, maxAge, expires }) =>
    stringifySetCookie({
      name,
      value,
      path,
      sameSite,
      secure,
      httpOnly,
      ...(domain !== undefined && { domain }),
      ...(maxAge !== undefined && { maxAge }),
      ...(expires !== undefined && { expires }),
    }),
  );
