import { createSecureContext } from "node:tls";

interface ListenerTls {
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** Finds certificates and keys that are none, or do not belong together. */
export const findTlsFaults = (
  serve: Readonly<Record<"public" | "admin", ListenerTls>>,
): readonly { readonly path: string; readonly message: string }[] =>
  (["public", "admin"] as const).flatMap((port) => {
    const { tls } = serve[port];
    if (tls === undefined) return [];
    try {
      createSecureContext(tls);
      return [];
    } catch {
      // The library's own words may quote the file.
      return [{ path: `serve.${port}.tls`, message: "cert and key are no PEM certificate with its key" }];
    }
  });
