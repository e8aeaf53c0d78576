import { isLoopback } from "../lib/loopback.ts";
import { isMap } from "./tree.ts";
import { unixSocketPath } from "./unix-socket.ts";
import type { Finding } from "./validate.ts";

type Get = (path: string) => unknown;

/** A rule about one way to lock the admin port. */
type Rule = (get: Get) => readonly Finding[];

/** On another address others reach the port, so that the configuration must say who of them may call. */
const needsType: Rule = (get) => {
  const host = adminHost(get);
  if (isOnThisMachine(host)) return [];
  const type = get("serve.admin.auth.type");
  if (type === "local")
    return at("auth.type", "is local, but serve.admin.host is no address of this machine: leave serve.admin.host out");
  return type === undefined
    ? at(
        "auth.type",
        `is missing: on ${host === "" ? "all interfaces" : host} others reach the admin port. Set api_keys, ` +
          "mtls or none, or leave serve.admin.host out",
      )
    : [];
};

const apiKeys: Rule = (get) => {
  const keys = list(get("serve.admin.auth.api_keys"));
  const isAsked = get("serve.admin.auth.type") === "api_keys";
  if (isAsked && keys.length === 0)
    return at("auth.api_keys", "is empty: nobody could call the admin port. `ostiary keys create` makes a key");
  if (!isAsked && keys.length > 0)
    return at("auth.api_keys", "would not be asked for: set serve.admin.auth.type to api_keys");
  const digests = keys.map((key) => (isMap(key) ? key.digest : undefined));
  return digests.flatMap((digest, index) =>
    digests.indexOf(digest) < index ? at(`auth.api_keys.${index}.digest`, "is there twice") : [],
  );
};

const clientCertificates: Rule = (get) => {
  const hasCa = hasPem(get, "serve.admin.auth.client_ca");
  const clients = list(get("serve.admin.auth.clients"));
  if (get("serve.admin.auth.type") !== "mtls") {
    const unasked = "would not be asked for: set serve.admin.auth.type to mtls";
    return [
      ...(hasCa ? at("auth.client_ca", unasked) : []),
      ...(clients.length > 0 ? at("auth.clients", unasked) : []),
    ];
  }
  return [
    ...(hasCa ? [] : at("auth.client_ca", "is missing: client certificates are verified against it")),
    ...(clients.length > 0
      ? []
      : at("auth.clients", 'is empty: nobody could call the admin port; `name: "*"` is any certificate')),
    ...(hasPem(get, "serve.admin.tls.cert") ? [] : at("tls", "is missing: client certificates come with TLS")),
  ];
};

const sockets: Rule = (get) =>
  ["public", "admin"].flatMap((port) => {
    const path = unixSocketPath(String(get(`serve.${port}.host`) ?? ""));
    return path === undefined || path.startsWith("/")
      ? []
      : [{ path: ["serve", port, "host"], message: "is a Unix socket without an absolute path" }];
  });

/**
 * What keeps the admin port from being locked as the configuration says. What would not be enforced is refused as
 * well: whoever lists an API key counts on it.
 */
export const findAdminAuthFaults: Rule = (get) =>
  [needsType, apiKeys, clientCertificates, sockets].flatMap((rule) => rule(get));

/** Warnings: a lock that is off, and keys that are sent unencrypted. */
export const findAdminAuthWarnings: Rule = (get) => {
  const type = get("serve.admin.auth.type");
  if (type === "none") return at("auth.type", "is none: whoever reaches the admin port may do everything");
  return type === "api_keys" && !hasPem(get, "serve.admin.tls.cert") && !isOnThisMachine(adminHost(get))
    ? at("auth.type", "is api_keys without serve.admin.tls: keys can be read on their way, unless a proxy encrypts it")
    : [];
};

const adminHost = (get: Get): string => String(get("serve.admin.host") ?? "127.0.0.1");

/** Whether nobody on another machine can reach a listener of this host. */
const isOnThisMachine = (host: string): boolean =>
  host === "localhost" || unixSocketPath(host) !== undefined || isLoopback(host);

const hasPem = (get: Get, key: string): boolean =>
  ["path", "base64"].some((kind) => get(`${key}.${kind}`) !== undefined);

const at = (key: string, message: string): readonly Finding[] => [
  { path: ["serve", "admin", ...key.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part))], message },
];

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
