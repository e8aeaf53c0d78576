import type { DsnTls } from "./dsn-tls.ts";

/** A place where a database answers. */
export type DsnAddress =
  | { readonly host: string; readonly port: number; readonly socketPath?: never }
  | { readonly socketPath: string; readonly host?: never };

/** Where a database is and how to enter it. What is undefined was not said. */
export interface Dsn {
  readonly user: string;
  readonly password: string;
  /** One or more; the first that answers is used. */
  readonly addresses: readonly [DsnAddress, ...DsnAddress[]];
  readonly database: string;
  readonly tls: DsnTls;
  /** Most connections at once; Infinity: any number. */
  readonly maxConnections: number | undefined;
  /** Most unused connections that stay open. */
  readonly maxIdleConnections: number | undefined;
  /** Milliseconds until a connection is closed even if it works. */
  readonly maxLifetime: number | undefined;
  /** Milliseconds until an unused connection is closed. */
  readonly maxIdleTime: number | undefined;
  /** Milliseconds to wait for a connection to be made. */
  readonly connectTimeout: number | undefined;
  /** Milliseconds to wait for the answer to a statement. */
  readonly statementTimeout: number | undefined;
  readonly compress: boolean;
  /** Whether the password may be sent as it is, where the server asks for that. */
  readonly cleartextPassword: boolean;
  /** What the server shows of this client. */
  readonly attributes: Readonly<Record<string, string>>;
  /** `wsrep_sync_wait` of sessions on a Galera cluster. */
  readonly syncWait: number | undefined;
}
