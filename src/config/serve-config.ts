/** A Unix socket, and whose it is. */
export interface UnixSocketConfig {
  readonly path: string;
  /** Name or number; undefined: that of the process. */
  readonly owner: string | undefined;
  readonly group: string | undefined;
  readonly mode: number;
}

/** Who may call the admin port. */
export interface AdminAuthConfig {
  readonly type: "local" | "api_keys" | "mtls" | "none";
  readonly api_keys: readonly {
    readonly id: string;
    readonly digest: string;
    readonly scopes: readonly string[];
    readonly expires_at: Date | undefined;
  }[];
  /** PEM of the authorities that client certificates are verified against. */
  readonly client_ca: string | undefined;
  readonly clients: readonly { readonly name: string; readonly scopes: readonly string[] }[];
}
