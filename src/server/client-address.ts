import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { BlockList, isIP } from "node:net";
import proxyAddr from "@fastify/proxy-addr";
import { peerOf, UNIX_PEER } from "../lib/peer-of.ts";

/** Where a request comes from and where its client believes to have sent it. */
export interface ClientAddress {
  /** IP address; that of this machine where a Unix socket's peer names none: whoever reaches it is here. */
  readonly ip: string;
  readonly proto: "http" | "https";
  /** Host and port; empty when the client named none. */
  readonly host: string;
}

type NodeRequest = IncomingMessage | Http2ServerRequest;

const hostFormat = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/;

/**
 * Creates the reading of a request's addresses. `X-Forwarded-For`, `-Proto` and
 * `-Host` are believed only from a peer within `trustedProxies` (CIDRs or plain
 * addresses; `unix` is whoever reaches a Unix socket), and of a list only what
 * such peers have added: from its end up to the first address that is no trusted
 * proxy.
 *
 * Fastify's own `trustProxy` does not do: it takes hops with a port, and texts that
 * are no address, for addresses, and hosts and protocols as they come.
 */
export const createClientAddress = (trustedProxies: readonly string[]): ((request: NodeRequest) => ClientAddress) => {
  const isTrusted = createTrust(trustedProxies.filter((entry) => entry !== UNIX_PEER));
  const trustsSocket = trustedProxies.includes(UNIX_PEER);
  return (request) => {
    const { headers } = request;
    const peer = unmapped(peerOf(request.socket));
    const ip = isIP(peer) === 0 ? "127.0.0.1" : peer;
    const direct: ClientAddress = { ip, proto: isEncrypted(request) ? "https" : "http", host: hostOf(headers) };
    if (peer === UNIX_PEER ? !trustsSocket : !isTrusted(peer)) return direct;
    const proto = last(headers["x-forwarded-proto"])?.toLowerCase();
    const host = last(headers["x-forwarded-host"]);
    return {
      ip: forwardedFor(request, isTrusted) ?? ip,
      proto: proto === "http" || proto === "https" ? proto : direct.proto,
      host: host !== undefined && hostFormat.test(host) ? host : direct.host,
    };
  };
};

/**
 * Node's own list, which knows whether an address is in a network: the one of `@fastify/proxy-addr` refuses networks of
 * all addresses (0.0.0.0/0), and takes 3 to 5 times as long at each request.
 */
const createTrust = (entries: readonly string[]): ((ip: string) => boolean) => {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (ip) => {
    const version = isIP(ip);
    return version !== 0 && list.check(ip, version === 6 ? "ipv6" : "ipv4");
  };
};

/** The last hop that a trusted proxy has sent and that is an address. */
const forwardedFor = (request: NodeRequest, isTrusted: (ip: string) => boolean): string | undefined => {
  // The first hop is the peer itself. Of what else there is of a request, only headers and socket are looked at.
  const hops = proxyAddr.all(request as IncomingMessage, (hop, at) => at === 0 || isTrusted(plain(hop)));
  return hops
    .slice(1)
    .map(plain)
    .findLast((ip) => isIP(ip) !== 0);
};

const items = (header: string | string[] | undefined): readonly string[] =>
  header === undefined
    ? []
    : String(header)
        .split(",")
        .map((item) => item.trim());

const last = (header: string | string[] | undefined): string | undefined => items(header).at(-1);

/** IPv6 sockets write IPv4 in a way of their own. */
const unmapped = (address: string): string =>
  address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;

/** A hop without brackets and port. */
const plain = (hop: string): string =>
  unmapped(hop.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1"));

const hostOf = (headers: IncomingHttpHeaders): string => {
  const host = (headers[":authority"] as string | undefined) ?? headers.host ?? "";
  return hostFormat.test(host) ? host : "";
};

const isEncrypted = (request: NodeRequest): boolean =>
  (request.socket as { readonly encrypted?: boolean }).encrypted === true;
