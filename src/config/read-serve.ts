import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { Config, ListenerConfig } from "./config.ts";
import { isCorsOrigin } from "./is-cors-origin.ts";
import type { AdminAuthConfig } from "./serve-config.ts";
import type { Slice } from "./slice.ts";
import { fileMode, unixSocketPath } from "./unix-socket.ts";

/** What the listeners' part needs besides itself. */
export interface ServeContext {
  readonly dev: boolean;
  /** Makes a path of the file absolute: `serve.public.tls.cert.path` and its like. */
  resolvePath(key: string, path: string): string;
}

/** Reads `serve`. */
export function readServe(serve: Slice, context: ServeContext): Config["serve"] {
  const cors = serve.part("public.cors");
  const origins = cors
    .texts("allowed_origins")
    .filter(isCorsOrigin)
    .map((origin) => origin.replace(/\/$/, ""));
  return {
    public: {
      ...readListener("public", serve.part("public"), context.dev ? "127.0.0.1" : "0.0.0.0", context),
      cors: {
        enabled: cors.flag("enabled"),
        allowed_origins: origins,
        allowed_methods: cors.texts("allowed_methods"),
        allowed_headers: cors.texts("allowed_headers"),
        exposed_headers: cors.texts("exposed_headers"),
        // Credentials for every origin would hand any page a person's account; `checks.ts` warns.
        allow_credentials: cors.flag("allow_credentials") && !origins.includes("*"),
        max_age: cors.count("max_age"),
      },
    },
    admin: {
      ...readListener("admin", serve.part("admin"), "127.0.0.1", context),
      auth: readAdminAuth(serve.part("admin.auth"), context),
    },
  };
}

function readAdminAuth(auth: Slice, { resolvePath }: ServeContext): AdminAuthConfig {
  const inline = auth.optionalText("client_ca.base64");
  const file = auth.optionalText("client_ca.path");
  return {
    type: auth.optionalText("type") === undefined ? "local" : auth.choice("type"),
    api_keys: auth.parts("api_keys").map((key) => {
      const end = key.optionalText("expires_at");
      return {
        id: key.text("id"),
        digest: key.text("digest"),
        scopes: key.texts("scopes"),
        expires_at: end === undefined ? undefined : new Date(end),
      };
    }),
    client_ca:
      inline !== undefined
        ? Buffer.from(inline, "base64").toString()
        : file && readFileSync(resolvePath("serve.admin.auth.client_ca.path", file), "utf8"),
    clients: auth.parts("clients").map((client) => ({ name: client.text("name"), scopes: client.texts("scopes") })),
  };
}

/** In Ory Kratos an address of IPv6 stands in brackets, as in a URL. */
const withoutBrackets = (host: string): string => {
  const address = /^\[(.*)\]$/.exec(host)?.[1];
  return address !== undefined && isIP(address) === 6 ? address : host;
};

function readListener(name: string, listener: Slice, usualHost: string, context: ServeContext): ListenerConfig {
  const port = listener.count("port");
  const pem = (key: "cert" | "key"): string | undefined => {
    const inline = listener.optionalText(`tls.${key}.base64`);
    if (inline !== undefined) return Buffer.from(inline, "base64").toString();
    const path = listener.optionalText(`tls.${key}.path`);
    return path === undefined
      ? undefined
      : readFileSync(context.resolvePath(`serve.${name}.tls.${key}.path`, path), "utf8");
  };
  const [cert, key] = [pem("cert"), pem("key")];
  const tls = cert === undefined || key === undefined ? undefined : { cert, key };
  const host = withoutBrackets(listener.optionalText("host") ?? usualHost);
  const path = unixSocketPath(host);
  return {
    host,
    unix_socket:
      path === undefined
        ? undefined
        : {
            path,
            owner: listener.optionalText("socket.owner"),
            group: listener.optionalText("socket.group"),
            mode: fileMode(listener.count("socket.mode")),
          },
    port,
    base_url: listener.optionalText("base_url") ?? `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/`,
    has_base_url: listener.optionalText("base_url") !== undefined,
    tls,
    trusted_proxies: listener.texts("trusted_proxies"),
    request_log: { disable_for_health: listener.flag("request_log.disable_for_health") },
  };
}
