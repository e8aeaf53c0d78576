import { createRequire } from "node:module";

/**
 * Whether a URL pattern lets too much through: a bare `*`, `https://*`, or a
 * wildcard over a public suffix (`https://*.com`, `https://*.co.uk`,
 * `https://*.github.io`), under which anybody may have a host.
 */
export function isPublicSuffixWildcard(pattern: string): boolean {
  if (pattern === "*") return true;
  const [, host] = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\*[^/?#:]*)/i.exec(pattern) ?? [];
  if (host === undefined) return false;
  if (!host.startsWith("*.")) return true;
  const parent = host.slice(2).replace(/\.$/, "");
  return parent === "" || isPublicSuffix(parent);
}

/** Whether anybody may have a host under a domain: `com`, `co.uk`, `github.io`. */
export function isPublicSuffix(domain: string): boolean {
  // The list is large and hardly ever asked.
  const { getPublicSuffix } = createRequire(import.meta.url)("tldts") as typeof import("tldts");
  return getPublicSuffix(domain, { allowPrivateDomains: true, validateHostname: false }) === domain;
}
