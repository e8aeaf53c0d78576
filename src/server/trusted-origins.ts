/** Scheme, host and port as browsers send them (RFC 6454, section 6.2): no user, no path. */
const FORM = /^https?:\/\/[a-z0-9][a-z0-9._-]*(?::\d{1,5})?$/;

/**
 * Creates the answer to "is this a site of ours?" from the addresses that the
 * configuration names: base and UI URLs, CORS origins, allowed return URLs.
 * Only scheme, host and port count. A host may begin with `*.` for everything
 * below a name. What names no site of its own (`*`, a relative URL) trusts nobody.
 */
export const createTrustedOrigins = (urls: readonly string[]): ((origin: string) => boolean) => {
  const exact = new Set<string>();
  const below: { readonly scheme: string; readonly end: string }[] = [];
  for (const url of urls) {
    const [, scheme, host] = /^(https?:\/\/)\*(\.[^/*]+)/i.exec(url) ?? [];
    if (scheme !== undefined && host !== undefined)
      below.push({ scheme: scheme.toLowerCase(), end: host.toLowerCase() });
    else if (/^https?:/i.test(url) && URL.canParse(url)) exact.add(new URL(url).origin);
  }
  return (origin) =>
    exact.has(origin) ||
    (FORM.test(origin) && below.some(({ scheme, end }) => origin.startsWith(scheme) && origin.endsWith(end)));
};
