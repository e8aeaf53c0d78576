import { createHmac } from "node:crypto";
import type { LimitsConfig } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { Clock } from "../lib/clock.ts";
import { networkOf } from "./network.ts";

/*
 * Limits against guessing, kept in the database, so that they are right on
 * several nodes and survive a restart. What is counted is a keyed digest: no
 * identifier and no address of a network stands in the table.
 */

/** Something that is counted, and how often it may fail in a window. */
export interface Bucket {
  readonly digest: Buffer;
  readonly limit: number;
}

/** Counts failures in windows of time. */
export interface Attempts {
  /** What a failed login counts against: the identifier, and the network it came from. */
  loginBuckets(identifier: string, address: string): readonly Bucket[];
  /** Seconds to wait; undefined when there is nothing to wait for. */
  mustWait(buckets: readonly Bucket[]): Promise<number | undefined>;
  failed(buckets: readonly Bucket[]): Promise<void>;
}

/** Creates the limits. `key` makes the digests. */
export const createAttempts = ({
  db,
  clock,
  config,
  key,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: LimitsConfig["login"];
  readonly key: string;
}): Attempts => {
  const bucket = (kind: string, value: string, limit: number): Bucket => ({
    digest: createHmac("sha256", key).update(`attempts ${kind} ${value}`).digest(),
    limit,
  });

  return {
    loginBuckets: (identifier, address) => [bucket("identifier", identifier, config.per_identifier), bucket("network", networkOf(address), config.per_network)],

    async mustWait(buckets) {
      const now = clock.now();
      const rows = await db.query<{ bucket: Buffer; failures: number; expires_at: Date }>(
        `SELECT bucket, failures, expires_at FROM attempts WHERE bucket IN (${buckets.map(() => "?").join(", ")}) AND expires_at > ?`,
        [...buckets.map((b) => b.digest), now],
      );
      const waits = rows.flatMap((row) => {
        const limit = buckets.find((b) => b.digest.equals(row.bucket))?.limit ?? Number.POSITIVE_INFINITY;
        return row.failures >= limit ? [Math.max(1, Math.ceil((row.expires_at.getTime() - now.getTime()) / 1000))] : [];
      });
      return waits.length === 0 ? undefined : Math.max(...waits);
    },

    async failed(buckets) {
      const now = clock.now();
      const ends = new Date(now.getTime() + config.window);
      // A window that is over begins anew with this failure. Sorted, so that two writers lock in one order.
      const sorted = [...buckets].sort((a, b) => Buffer.compare(a.digest, b.digest));
      await db.execute(
        `INSERT INTO attempts (bucket, failures, expires_at) VALUES ${sorted.map(() => "(?, 1, ?)").join(", ")}
         ON DUPLICATE KEY UPDATE failures = IF(expires_at > ?, failures + 1, 1), expires_at = IF(expires_at > ?, expires_at, ?)`,
        [...sorted.flatMap((b) => [b.digest, ends]), now, now, ends],
      );
    },
  };
};
