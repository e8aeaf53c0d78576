import { BlockList, isIP } from "node:net";
import { isApiKeyDigest, looksLikeApiKey } from "../lib/api-key.ts";
import { parseDuration } from "../lib/duration.ts";
import { isScope, scopes } from "../lib/operator.ts";
import { UNIX_PEER } from "../lib/peer-of.ts";
import { parseByteSize } from "./byte-size.ts";
import { isReturnUrl } from "./is-return-url.ts";
import { parseSmtpUri } from "./smtp-uri.ts";

/** What a text must look like, and how that is said to whoever wrote it. */
export interface Format {
  readonly accepts: (text: string) => boolean;
  readonly says: string;
}

/** The formats that schema.json names. */
export const formats: Readonly<Record<string, Format>> = {
  duration: {
    accepts: (text) => parseDuration(text) !== undefined,
    says: "must be a duration such as 1h30m, 10m or 500ms",
  },
  "positive-duration": {
    accepts: (text) => (parseDuration(text) ?? 0) > 0,
    says: "must be a duration above zero, such as 1h30m, 10m or 500ms",
  },
  "byte-size": { accepts: (text) => (parseByteSize(text) ?? 0) > 0, says: "must be a size such as 19MB or 1GB" },
  url: { accepts: isPlainUrl, says: "must be an absolute http:// or https:// URL without user, query and fragment" },
  "url-or-path": { accepts: isReturnUrl, says: "must be an absolute URL, or a path that begins with /" },
  "return-url-pattern": {
    // Entries of another form match nothing: they are left out with a warning.
    accepts: (text) => !/[\s\p{C}]/u.test(text),
    says: "must be an absolute URL, whose host may begin with *., or a path that begins with /",
  },
  "cors-origin": {
    accepts: (text) => text === "*" || /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(text),
    says: "must be an origin such as https://app.example.com or https://*.example.com, or *",
  },
  "trusted-proxy": {
    accepts: (text) => text === UNIX_PEER || isNetwork(text),
    says: "must be an address or a network such as 10.0.0.0/8, or unix",
  },
  "cookie-name": {
    accepts: (text) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text),
    says: "must be the name of a cookie: letters, digits, - and _",
  },
  "cookie-domain": {
    accepts: (text) =>
      text === "" ||
      (text.length <= 254 &&
        /^\.?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(text)),
    says: "must be the name of a domain, such as example.com, without scheme, port, path and *",
  },
  "cookie-path": {
    accepts: (text) => /^(?:\/[ -:=-~]*)?$/.test(text),
    says: "must be a path that begins with /, of plain letters, without ; and <",
  },
  dsn: {
    accepts: (text) => /^(?:mysql|mariadb):\/\//i.test(text) || /^(?:[^/]*@)?(?:tcp[46]?|unix)(?:\(|\/)/.test(text),
    says:
      "must begin with mysql://: only MySQL and MariaDB are supported; leave it out, or with --dev say memory, " +
      "and the server starts a private one",
  },
  "schema-url": {
    accepts: (text) => /^(?:file|base64|https?):\/\/./.test(text),
    says: "must begin with file://, base64://, http:// or https://",
  },
  "rp-id": {
    accepts: (text) =>
      text === "" ||
      (text.length <= 253 &&
        /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/.test(text)),
    says: "must be the name of a domain in lower case, such as example.com, without scheme, port and path",
  },
  "provider-id": {
    accepts: (text) => /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/.test(text),
    says: "must be letters, digits, ., _, ~ and -: it stands in URLs",
  },
  "provider-url": { accepts: isProviderUrl, says: "must be an https:// or http:// URL without user and fragment" },
  "smtp-uri": {
    accepts: (text) => parseSmtpUri(text) !== undefined,
    says:
      "must be smtp://user:password@host:587/ or smtps://user:password@host:465/, with @ and / in the password " +
      "written as %40 and %2F",
  },
  "mail-address": {
    accepts: (text) => /^[^\s@<>"(),;:\\[\]]{1,64}@[^\s@<>"(),;:\\]{1,255}$/.test(text),
    says: "must be an address such as no-reply@example.com, without a name",
  },
  "one-line": { accepts: (text) => !/[\r\n\0]/.test(text), says: "must be a text of one line" },
  "host-name": {
    accepts: (text) => /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?)+$|^\[[0-9a-f:.]+\]$/i.test(text),
    says: "must be the name of a host, such as id.example.com",
  },
  "api-key-digest": {
    accepts: (text) => isApiKeyDigest(text) && !looksLikeApiKey(text),
    says: "must be the digest that `ostiary keys create` prints, sha256:…, not the key itself",
  },
  scope: { accepts: isScope, says: `must be one of ${scopes.join(", ")}, a group such as sessions.*, or *` },
  time: {
    accepts: (text) => /^\d{4}-\d{2}-\d{2}T/.test(text) && !Number.isNaN(Date.parse(text)),
    says: "must be a time such as 2027-01-31T00:00:00Z",
  },
  "cipher-secret": { accepts: (text) => Buffer.byteLength(text) === 32, says: "must be exactly 32 bytes long" },
};

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === ""
  );
}

function isProviderUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || `${url.username}${url.password}${url.hash}` !== "") return false;
  return url.protocol === "https:" || url.protocol === "http:";
}

function isNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  if (bits === undefined) return true;
  try {
    new BlockList().addSubnet(address, /^\d+$/.test(bits) ? Number(bits) : -1, family === 6 ? "ipv6" : "ipv4");
    return true;
  } catch {
    return false;
  }
}
