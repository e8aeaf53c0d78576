import type { Config } from "../config/config.ts";
import { hasMailbox } from "../courier/deliveries.ts";

/** Where the listeners turned out to listen, as URLs. */
export interface Listening {
  readonly public: string;
  readonly admin: string;
}

/** What `serve` prints when it is ready: where to point a browser, a gRPC client and curl. */
export function greeting(config: Config, listening: Listening): string {
  const { public: outer, admin } = config.serve;
  // A port of 0 was chosen by the system; everything else is known by its configured name, which cookies depend on.
  const base = (outer.port === 0 ? listening.public : outer.base_url).replace(/\/*$/, "/");
  const adminBase = admin.port === 0 ? listening.admin : admin.base_url;
  const { protocol, hostname, port } = new URL(base);
  const secure = protocol === "https:";
  const address = `${hostname}:${port || (secure ? 443 : 80)}`;
  return `
Ostiary is ready.

  Browser   ${base}self-service/registration/browser
  gRPC      grpcurl ${secure ? "" : "-plaintext "}${address} list
  curl      curl -s ${base}self-service/registration/api
  Admin     ${adminBase}${hasMailbox(config.courier, config.dev) ? `\n  Mails     ${base}hosted/mailbox` : ""}

Ctrl-C ends it.
`;
}
