import type { IncomingMessage } from "node:http";

/**
 * Whether a request names one host and no other. Of several `Host` headers, and
 * of one beside another `:authority`, a proxy may have read the one and we the
 * other (RFC 9112, section 3.2; RFC 9113, section 8.3.1).
 */
export const namesOneHost = ({ headers, rawHeaders }: Pick<IncomingMessage, "headers" | "rawHeaders">): boolean => {
  const authority = headers[":authority"];
  let host = typeof authority === "string" ? authority.toLowerCase() : undefined;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length !== 4 || name.toLowerCase() !== "host") continue;
    hosts++;
    const value = (rawHeaders[at + 1] ?? "").toLowerCase();
    if (hosts > 1 || (host !== undefined && host !== value)) return false;
    host = value;
  }
  return true;
};
