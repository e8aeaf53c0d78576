import type { SmtpConfig } from "./courier-config.ts";

/** What of a mail server stands in its URI. */
type ParsedSmtpUri = Omit<SmtpConfig, "client_certificate" | "local_name" | "disallow_private">;

const usualPorts = { "smtp:": 587, "smtps:": 465 } as const;

/** Reads `smtp://` and `smtps://` URIs; undefined if a text is neither. Escaped letters may be left as they are. */
export function parseSmtpUri(uri: string): ParsedSmtpUri | undefined {
  const url = URL.parse(uri);
  if (url === null || (url.protocol !== "smtp:" && url.protocol !== "smtps:") || url.hostname === "") return undefined;
  const flag = (name: string) => ["true", "1"].includes(url.searchParams.get(name)?.toLowerCase() ?? "");
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? usualPorts[url.protocol] : Number(url.port),
    implicit_tls: url.protocol === "smtps:",
    disable_starttls: flag("disable_starttls"),
    skip_ssl_verify: flag("skip_ssl_verify"),
    server_name: url.searchParams.get("server_name") ?? undefined,
    auth: url.username === "" ? undefined : { user: decode(url.username), password: decode(url.password) },
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
