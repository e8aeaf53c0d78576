import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

interface ListenerTls {
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** Finds certificates and keys that are none, or do not belong together. */
export const findTlsFaults = (
  serve: Readonly<Record<"public" | "admin", ListenerTls>> & {
    readonly admin: { readonly auth: { readonly client_ca: string | undefined } };
  },
): readonly { readonly path: string; readonly message: string }[] => [
  ...findCaFaults(serve.admin.auth.client_ca),
  ...(["public", "admin"] as const).flatMap((port) => {
    const { tls } = serve[port];
    if (tls === undefined) return [];
    try {
      // Of nothing at all it makes a context, with which no client could connect.
      new X509Certificate(tls.cert);
      createSecureContext(tls);
      return tls.key.trim() === "" ? [noPem(port)] : [];
    } catch {
      // The library's own words may quote the file.
      return [noPem(port)];
    }
  }),
];

const noPem = (port: string) => ({
  path: `serve.${port}.tls`,
  message: "cert and key are no PEM certificate with its key",
});

/** A file without a certificate would make every client's a foreign one, or be passed over. */
const findCaFaults = (pem: string | undefined) => {
  if (pem === undefined) return [];
  try {
    new X509Certificate(pem);
    return [];
  } catch {
    return [{ path: "serve.admin.auth.client_ca", message: "is no PEM certificate" }];
  }
};
