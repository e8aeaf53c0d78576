import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

/**
 * The network an address belongs to, for counting: an IPv4 address by itself,
 * however it is written, an IPv6 address by its first 64 bits, which one
 * household or host commands.
 */
export const networkOf = (address: string): string => {
  if (!address.includes(":") || !isIPv6(address)) return address;
  // Names of interfaces (fe80::1%br-lan) are not all known to the library, and stand behind what counts.
  const parsed = ipaddr.process(address.replace(/%.*$/, ""));
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  return parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(":");
};
