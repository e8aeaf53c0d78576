import { isPublicSuffix } from "./public-suffix.ts";
import type { Path } from "./tree.ts";
import type { Finding } from "./validate.ts";

/**
 * Finds what makes the relying party of a method unusable (WebAuthn Level 3, section 5.1.2): keys are bound to its id
 * permanently, so nothing of it is guessed. Values may be of the wrong type: those are the schema's findings.
 *
 * @param method `webauthn` or `passkey`
 */
export function findRelyingPartyFaults(
  method: string,
  get: (path: string) => unknown,
  { dev }: { readonly dev: boolean },
): Finding[] {
  const path = `selfservice.methods.${method}`;
  if (get(`${path}.enabled`) !== true) return [];
  const value = (key: string) => get(`${path}.config.rp.${key}`);
  const place = (...key: Path): Path => [...path.split("."), "config", "rp", ...key];
  const missing = ["id", "display_name"].filter((key) => value(key) === undefined || value(key) === "");
  const faults = missing.map(
    (key): Finding => ({ path: place(key), message: "is needed where the method is enabled" }),
  );
  const id = value("id");
  if (typeof id !== "string" || id === "") return faults;
  if (id !== "localhost" && isPublicSuffix(id))
    faults.push({ path: place("id"), message: `is ${id}, under which anybody may have a host: browsers refuse it` });
  const origins = value("origins");
  const listed: readonly (readonly [Path, unknown])[] = Array.isArray(origins)
    ? origins.map((origin, index) => [place("origins", index), origin] as const)
    : [[place("origin"), value("origin")]];
  for (const [at, origin] of listed) {
    const message = typeof origin === "string" ? originFault(id, origin, dev) : undefined;
    if (message !== undefined) faults.push({ path: at, message });
  }
  return faults;
}

/** What keeps a page of an origin from using keys of the relying party. */
const originFault = (id: string, origin: string, dev: boolean): string | undefined => {
  if (origin.startsWith("android:"))
    return /^android:apk-key-hash:[A-Za-z0-9_-]{43}$/.test(origin)
      ? undefined
      : "must be android:apk-key-hash: and the SHA-256 digest of the app's certificate in base64url";
  const url = URL.parse(origin);
  if (url === null || !/^https?:$/.test(url.protocol))
    return `is ${origin}, and must be an origin such as https://example.com`;
  const { hostname, protocol } = url;
  if (hostname !== id && !hostname.endsWith(`.${id}`))
    return `is ${origin}, whose host is neither ${id}, the id of the relying party, nor below it: browsers refuse it`;
  const isLocal = hostname === "localhost" || hostname.endsWith(".localhost");
  return protocol === "http:" && !isLocal && !dev ? `is ${origin}: browsers have keys over https:// only` : undefined;
};
