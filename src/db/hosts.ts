import { readFileSync } from "node:fs";
import type { SecureVersion } from "node:tls";
import { DsnError } from "../lib/dsn-error.ts";
import type { DsnTls } from "../lib/dsn-tls.ts";
import type { Dsn, DsnAddress } from "../lib/dsn-type.ts";

/** How long a host is left alone after it failed, in milliseconds. */
const REST_MS = 2_000;

/** A database server that may be asked, and how to enter it. */
export interface Host {
  readonly address: DsnAddress;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** What the driver needs for TLS; undefined: clear text. */
  readonly ssl: HostTls | undefined;
  /** Clear text will do where the server has no TLS. */
  readonly mayBeClear: boolean;
}

/** In the driver's words. */
export interface HostTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
  readonly verifyIdentity: boolean;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
}

/** The servers of a configuration. */
export interface Hosts {
  readonly count: number;
  /** The one to ask: the first that has not failed just now; if all have, the one that failed first. */
  pick(): Host;
  failed(host: Host): void;
  /** Whether a connection of that time is from before its host failed. One host alone has nobody to stand in for it. */
  isStale(host: Host, since: number): boolean;
}

/**
 * Creates them in the order of the DSNs. Throws DsnError where a file cannot be read or the DSNs do not fit together.
 */
export const createHosts = (dsns: readonly Dsn[], now: () => number = Date.now): Hosts => {
  if (new Set(dsns.map(({ database }) => database)).size > 1)
    throw new DsnError("the dsns name different databases: they are ways to one");
  const hosts = dsns.flatMap(({ addresses, user, password, database, tls }) =>
    addresses.map(
      (address): Host => ({
        address,
        user,
        password,
        database,
        ssl: readTlsFiles(tls),
        mayBeClear: tls.mode === "preferred",
      }),
    ),
  );
  /** When each failed last; the one that failed first comes first. */
  const failures = new Map<Host, number>();
  const failedAt = (host: Host) => failures.get(host) ?? Number.NEGATIVE_INFINITY;

  return {
    count: hosts.length,
    pick: () => {
      const host = hosts.find((one) => now() - failedAt(one) >= REST_MS) ?? [...failures.keys()][0];
      if (host === undefined) throw new DsnError("there is no dsn");
      return host;
    },
    failed: (host) => {
      failures.delete(host);
      failures.set(host, now());
    },
    isStale: (host, since) => hosts.length > 1 && failedAt(host) >= since,
  };
};

const readTlsFiles = ({ mode, ca, cert, key, versions }: DsnTls): HostTls | undefined => {
  if (mode === "off") return undefined;
  const read = (what: string, file: string | undefined) => {
    if (file === undefined) return {};
    try {
      return { [what]: readFileSync(file, "utf8") };
    } catch (error) {
      throw new DsnError(
        `the file that the dsn's ssl_${what} names cannot be read (${(error as NodeJS.ErrnoException).code})`,
      );
    }
  };
  const [oldest, ...newer] = [...versions].sort();
  return {
    ...read("ca", ca),
    ...read("cert", cert),
    ...read("key", key),
    rejectUnauthorized: mode === "authority" || mode === "verify",
    verifyIdentity: mode === "verify",
    ...(oldest !== undefined && { minVersion: oldest, maxVersion: newer.at(-1) ?? oldest }),
  };
};
