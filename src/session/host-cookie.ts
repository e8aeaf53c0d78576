/** Where a cookie lives. */
export interface CookieScope {
  readonly path: string;
  readonly domain: string | undefined;
  readonly secure: boolean;
}

/**
 * The name of a cookie that nobody else names: where its scope allows it, with
 * the prefix by which browsers take it from this very host alone, so that no
 * page of a sibling sub-domain can set it (RFC 6265bis, 4.1.3.2).
 */
export const hostCookieName = (name: string, { path, domain, secure }: CookieScope): string =>
  secure && path === "/" && domain === undefined ? `__Host-${name}` : name;
