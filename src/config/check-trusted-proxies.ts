import { UNIX_PEER } from "../lib/peer-of.ts";
import { unixSocketPath } from "./unix-socket.ts";
import type { Finding } from "./validate.ts";

/**
 * What is wrong with whose forwarded headers are believed. A public Unix socket is reached by proxies and programs of
 * this machine alone: if none of them is believed, all people share the limits of one network.
 */
export const findTrustedProxyFaults = (get: (path: string) => unknown): readonly Finding[] =>
  ["public", "admin"].flatMap((port) => {
    const isSocket = unixSocketPath(String(get(`serve.${port}.host`) ?? "")) !== undefined;
    const proxies = get(`serve.${port}.trusted_proxies`);
    const namesSocket = Array.isArray(proxies) && proxies.includes(UNIX_PEER);
    const at = (message: string): readonly Finding[] => [{ path: ["serve", port, "trusted_proxies"], message }];
    if (namesSocket && !isSocket) return at(`names unix, but serve.${port}.host is no Unix socket`);
    if (isSocket && !namesSocket && port === "public")
      return at("lacks unix: on a Unix socket everybody would come from one network, and use up its limits together");
    return [];
  });
