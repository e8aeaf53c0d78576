import { createRequire } from "node:module";
import ipaddr from "ipaddr.js";

/**
 * Which addresses a connection may go to: any; those of the public Internet
 * only; or, for what must not cross it in the clear, none of them.
 */
export type AddressPolicy = "any" | "public" | "private";

/** Whether an address is one of the public Internet: none of the special-purpose ranges that IANA keeps (RFC 6890). */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  // NAT64 (RFC 6052): what counts is the IPv4 address at its end.
  return range === "rfc6052" ? isPublicAddress(parsed.toByteArray().slice(-4).join(".")) : range === "unicast";
};

/** Whether a policy admits an address. */
export const admits = (policy: AddressPolicy, address: string): boolean =>
  policy === "any" || isPublicAddress(address) === (policy === "public");

/** The host of a URL as it is looked up: an IPv6 address without its brackets. */
export const hostnameOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1");

/**
 * Whether the name of a host is one of the public Internet: a public address,
 * or a name under a top-level domain that ICANN gave out. `localhost`, `sso`
 * and `sso.cluster.local` are not.
 */
export const isPublicName = (hostname: string): boolean => {
  if (ipaddr.isValid(hostname)) return isPublicAddress(hostname);
  // The list is large and hardly ever asked.
  const { parse } = createRequire(import.meta.url)("tldts") as typeof import("tldts");
  return parse(hostname, { validateHostname: false }).isIcann === true;
};
