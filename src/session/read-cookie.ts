import type { Call } from "../lib/call.ts";

/**
 * Reads the cookies of one name, in the order in which they were sent: there
 * are several when a cookie of another path, or of a domain that was configured
 * before, stays in the browser. Whoever knows what a valid one looks like
 * picks it. Values are used as they stand; ours need no decoding but of percent
 * signs that some clients put in.
 *
 * The parser of the package `cookie` does not do: of several cookies of one name it
 * gives only the first, and whoever can set one for a parent domain would choose it.
 */
export const readCookies = (call: Call, name: string): readonly string[] => {
  const header = call.headers.cookie;
  if (header === undefined) return [];
  const values: string[] = [];
  for (const part of header.split(";")) {
    const at = part.indexOf("=");
    if (at < 0 || part.slice(0, at).trim() !== name) continue;
    const value = part.slice(at + 1).trim();
    values.push(value.includes("%") ? decoded(value) : value);
  }
  return values;
};

/**
 * The names of all cookies of a request, also of those without a `=`, which the package `cookie` leaves out: they are
 * as much the sign of a browser as others.
 */
export const cookieNames = (call: Call): string[] =>
  (call.headers.cookie ?? "")
    .split(";")
    .map((part) => part.split("=", 1)[0]?.trim() ?? "")
    .filter((name) => name !== "");

const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};
