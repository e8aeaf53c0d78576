import { BlockList, isIP, isIPv6 } from "node:net";
import type { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";

/** Where a request came from and what it was addressed to. */
export interface Caller {
  /** Absolute URL as the client wrote it. */
  readonly url: string;
  /** IP address of the client. */
  readonly remoteAddress: string;
}

// What may stand in a Host header: a name or an address, and a port.
const authority = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Creates the function that tells the caller of a request. The headers of
 * proxies (`X-Forwarded-Host`, `-Proto`, `-For`, `True-Client-IP`) are believed
 * only when the connection itself comes from a trusted address.
 */
export const createCallerOf = (config: { readonly base_url: string; readonly trusted_proxies: readonly string[] }): ((request: FastifyRequest) => Caller) => {
  const trusted = trustedAddresses(config.trusted_proxies);
  const ownHost = new URL(config.base_url).host;

  return (request) => {
    const { headers, raw } = request;
    const peer = plainAddress(raw.socket.remoteAddress);
    const proxied = config.trusted_proxies.length > 0 && isTrusted(trusted, peer);
    const scheme = (proxied && schemeOf(first(headers["x-forwarded-proto"]))) || ((raw.socket as Partial<TLSSocket>).encrypted === true ? "https" : "http");
    const host = (proxied && hostOf(first(headers["x-forwarded-host"]))) || hostOf(headers.host ?? first(headers[":authority"])) || ownHost;
    return {
      url: `${scheme}://${host}${request.originalUrl}`,
      remoteAddress: proxied ? clientAddress(trusted, peer, first(headers["true-client-ip"]), headers["x-forwarded-for"]) : peer,
    };
  };
};

const trustedAddresses = (cidrs: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = "", bits] = cidr.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
};

const isTrusted = (trusted: BlockList, address: string): boolean => isIP(address) !== 0 && trusted.check(address, isIPv6(address) ? "ipv6" : "ipv4");

/** IPv4 in its own spelling. A Unix socket has no address: whoever reaches it is on this machine. */
const plainAddress = (address: string | undefined): string => {
  if (address === undefined || address === "") return "127.0.0.1";
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
};

const first = (header: string | readonly string[] | undefined): string | undefined => {
  const value = typeof header === "string" ? header : header?.[0];
  return value?.split(",", 1)[0]?.trim();
};

const schemeOf = (value: string | undefined): string | undefined => {
  const scheme = value?.toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : undefined;
};

const hostOf = (value: string | undefined): string | undefined => (value !== undefined && authority.test(value) ? value : undefined);

/** The last address of the chain that is no proxy of ours; a proxy that names the client outright is believed first. */
const clientAddress = (trusted: BlockList, peer: string, named: string | undefined, chain: string | readonly string[] | undefined): string => {
  if (named !== undefined && isIP(named) !== 0) return plainAddress(named);
  let client = peer;
  const hops = String(chain ?? "")
    .split(",")
    .map((hop) => withoutPort(hop.trim()))
    .reverse();
  for (const hop of hops) {
    if (isIP(hop) === 0) break;
    client = plainAddress(hop);
    if (!isTrusted(trusted, client)) break;
  }
  return client;
};

const withoutPort = (hop: string): string => {
  const bracketed = /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1];
  if (bracketed !== undefined) return bracketed;
  return hop.split(":").length === 2 ? (hop.split(":", 1)[0] ?? hop) : hop;
};
