import type { Call } from "../lib/call.ts";

/**
 * Reads one cookie of a request: the first of that name, as browsers send the
 * most specific first. Values are taken as they stand; ours need no decoding
 * but of percent signs that some clients put in.
 */
export const readCookie = (call: Call, name: string): string | undefined => {
  const header = call.headers.cookie;
  if (header === undefined) return undefined;
  for (const part of header.split(";")) {
    const at = part.indexOf("=");
    if (at < 0 || part.slice(0, at).trim() !== name) continue;
    const value = part.slice(at + 1).trim();
    return value.includes("%") ? decoded(value) : value;
  }
  return undefined;
};

/** The names of all cookies of a request. */
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
