import { UNIX_PEER } from "../lib/peer-of.ts";
import { unixSocketPath } from "./unix-socket.ts";
import type { Finding } from "./validate.ts";

type Get = (path: string) => unknown;

const isSocket = (get: Get, port: string): boolean =>
  unixSocketPath(String(get(`serve.${port}.host`) ?? "")) !== undefined;

const namesSocket = (get: Get, port: string): boolean => {
  const proxies = get(`serve.${port}.trusted_proxies`);
  return Array.isArray(proxies) && proxies.includes(UNIX_PEER);
};

const at = (port: string, message: string): Finding => ({ path: ["serve", port, "trusted_proxies"], message });

/** What is wrong with whose forwarded headers are believed. */
export const findTrustedProxyFaults = (get: Get): readonly Finding[] =>
  ["public", "admin"]
    .filter((port) => namesSocket(get, port) && !isSocket(get, port))
    .map((port) => at(port, `names unix, but serve.${port}.host is no Unix socket`));

/**
 * Warnings: a public Unix socket is reached by proxies and programs of this machine alone, and if none of
 * them is believed, all people share the limits of one network.
 */
export const findTrustedProxyWarnings = (get: Get): readonly Finding[] =>
  isSocket(get, "public") && !namesSocket(get, "public")
    ? [at("public", "lacks unix: on a Unix socket everybody comes from one network, and uses up its limits together")]
    : [];
