import { isLoopback } from "../../lib/loopback.ts";
import { type Admit, admitted, notLocal } from "./admission.ts";

/**
 * What proxies add to the requests that they pass on: the caller behind one may be anywhere, although its
 * connection begins on this machine.
 */
const forwarding = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "true-client-ip",
  "cf-connecting-ip",
] as const;

/** What browsers say of the page that makes a request. Programs send neither. */
const browsers = ["origin", "sec-fetch-site"] as const;

/**
 * Creates the admission of programs on this machine. A request from a loopback address, or over a Unix socket, is
 * let in unless a proxy or a browser made it. The name that it was addressed to must be one of this machine, or a
 * page of any site could have its own name point here and read the answers (DNS rebinding).
 *
 * @param baseUrl of the listener; its host counts as a name of this machine
 */
export const createLocalAdmission = ({
  baseUrl,
  isUnixSocket,
}: {
  readonly baseUrl: string;
  readonly isUnixSocket: boolean;
}): Admit => {
  const ownHost = new URL(baseUrl).hostname.toLowerCase();
  const isAllowed = (host: string): boolean => host === "localhost" || host === ownHost || isLoopback(host);
  const local = admitted({ name: "local", scopes: ["*"] });

  return ({ headers, socket }) => {
    const proxied = forwarding.find((name) => headers[name] !== undefined);
    if (proxied !== undefined) return notLocal(`The request has a ${proxied} header: a proxy has passed it on.`);
    const browser = browsers.find((name) => headers[name] !== undefined);
    if (browser !== undefined) return notLocal(`The request has a ${browser} header: a browser has made it.`);
    // Who may open a Unix socket is a matter of its mode.
    if (isUnixSocket) return local;
    if (!isLoopback(socket.remoteAddress ?? "")) return notLocal("The request comes from another machine.");
    const host = hostnameOf(String(headers[":authority"] ?? headers.host ?? ""));
    return isAllowed(host) ? local : notLocal("The request is addressed to a name that is none of this machine.");
  };
};

const hostnameOf = (host: string): string => host.toLowerCase().replace(/:\d{1,5}$/, "");
