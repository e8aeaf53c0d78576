/** What the addresses that people may be sent to are made of. */
export interface AllowedUrlsOptions {
  /** `selfservice.allowed_return_urls`: scheme, host (or `*.` and its suffix) and the beginning of the path. */
  readonly allowed: readonly string[];
  /** The public base URL; its `/self-service` is always allowed. */
  readonly publicUrl: string;
  /** Gives a relative address its scheme and host. */
  readonly defaultUrl: string;
}

/** One entry of the list. */
interface Entry {
  readonly protocol: string;
  /** With port; of a wildcard the suffix, beginning with its dot. */
  readonly host: string;
  readonly wildcard: boolean;
  readonly path: string;
}

/** Addresses of these schemes are programs or files, whoever lists them. */
const never = new Set(["javascript:", "data:", "vbscript:", "blob:", "file:", "about:"]);
/**
 * An address is whole (`scheme://host…`) or begins at the root; nothing that a browser reads differently than it
 * looks.
 */
const FORM = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]|\/(?!\/))/i;
/** White space, control characters, backslashes and invisible marks: browsers drop or turn them. */
const MISLEADING = /[\p{White_Space}\p{Cc}\p{Cf}\\]/u;

/**
 * Creates the check of an address that a client wants a person sent to.
 *
 * It answers the absolute URL, or undefined when the list does not allow it:
 * scheme and host equal, or the host below a wildcard's suffix at a dot, and
 * the path beginning as listed (docs/compatibility.md, rule 2; the prefix is literal, so
 * `/a` allows `/ab`). What is compared is the URL as a browser will read it,
 * with `..` resolved, so that every spelling of it leads to the same place.
 */
export const createAllowedUrls = ({
  allowed,
  publicUrl,
  defaultUrl,
}: AllowedUrlsOptions): ((value: string) => string | undefined) => {
  const own = `${publicUrl.replace(/\/+$/, "")}/self-service`;
  const entries = [...allowed, own].map(readEntry).filter((entry) => entry !== undefined);

  return (value) => {
    if (!FORM.test(value) || MISLEADING.test(value)) return undefined;
    const url = URL.parse(value, defaultUrl);
    if (url === null || never.has(url.protocol) || url.username !== "" || url.password !== "" || url.host.includes("*"))
      return undefined;
    if (!entries.some((entry) => admits(entry, url))) return undefined;
    // As it was written, if that is the same but for the slash after a bare host.
    return value === url.href || `${value}/` === url.href ? value : url.href;
  };
};

const admits = (entry: Entry, url: URL): boolean =>
  entry.protocol === url.protocol &&
  (entry.wildcard ? url.host.length > entry.host.length && url.host.endsWith(entry.host) : url.host === entry.host) &&
  (url.pathname || "/").startsWith(entry.path);

const readEntry = (text: string): Entry | undefined => {
  const url = URL.parse(text);
  if (url === null || never.has(url.protocol) || url.host === "") return undefined;
  const wildcard = url.host.startsWith("*");
  const suffix = url.host.slice(1);
  return {
    protocol: url.protocol,
    wildcard,
    host: wildcard ? `.${suffix.replace(/^\./, "")}` : url.host,
    path: url.pathname || "/",
  };
};
