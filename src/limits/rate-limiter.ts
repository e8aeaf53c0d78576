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
export interface RateLimiter {
  /** What a failed login counts against: the identifier, and the network it came from. */
  loginBuckets(identifier: string, address: string): readonly Bucket[];
  /**
   * Makes a try, unless too many have failed. Those that are under way on this
   * node count as failed until they end: many at once get no further than many
   * one after the other.
   */
  attempt<T>(buckets: readonly Bucket[], make: () => Promise<Made<T>>): Promise<Attempted<T>>;
}

/** What came of a try. One that throws has not failed. */
export interface Made<T> {
  readonly failed: boolean;
  readonly value: T;
}

/** A try that was made, or the seconds to wait before it may be. */
export type Attempted<T> =
  | { readonly kind: "made"; readonly value: T }
  | { readonly kind: "wait"; readonly seconds: number };

/** Seconds to wait for tries that are under way: they end soon. */
const SOON = 1;

/** Creates the limits. `key` makes the digests. */
export const createRateLimiter = ({
  db,
  clock,
  config,
  key,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: LimitsConfig["login"];
  readonly key: string;
}): RateLimiter => {
  const bucket = (kind: string, value: string, limit: number): Bucket => ({
    digest: createHmac("sha256", key).update(`attempts ${kind} ${value}`).digest(),
    limit,
  });

  /** How many tries are under way for a bucket. */
  const underWay = new Map<string, number>();
  const enter = (key: string): number => {
    const ahead = underWay.get(key) ?? 0;
    underWay.set(key, ahead + 1);
    return ahead;
  };
  const leave = (key: string): void => {
    const left = (underWay.get(key) ?? 1) - 1;
    if (left === 0) underWay.delete(key);
    else underWay.set(key, left);
  };

  /** @param ahead how many tries began before this one and have not ended, by bucket */
  const secondsToWait = async (buckets: readonly Bucket[], ahead: readonly number[]): Promise<number> => {
    const now = clock.now();
    const rows = await db.query<{ bucket: Buffer; failures: number; expires_at: Date }>(
      `SELECT bucket, failures, expires_at FROM attempts WHERE bucket IN (${buckets.map(() => "?").join(", ")}) AND expires_at > ?`,
      [...buckets.map((b) => b.digest), now],
    );
    const waits = buckets.map(({ digest, limit }, index) => {
      const row = rows.find((each) => each.bucket.equals(digest));
      if (row && row.failures >= limit)
        return Math.max(1, Math.ceil((row.expires_at.getTime() - now.getTime()) / 1000));
      return (row?.failures ?? 0) + (ahead[index] ?? 0) >= limit ? SOON : 0;
    });
    return Math.max(...waits);
  };

  const countFailure = async (buckets: readonly Bucket[]): Promise<void> => {
    const now = clock.now();
    const ends = new Date(now.getTime() + config.window);
    // A window that is over begins anew with this failure. Sorted, so that two writers lock in one order.
    const sorted = [...buckets].sort((a, b) => Buffer.compare(a.digest, b.digest));
    await db.execute(
      `INSERT INTO attempts (bucket, failures, expires_at) VALUES ${sorted.map(() => "(?, 1, ?)").join(", ")}
       ON DUPLICATE KEY UPDATE failures = IF(expires_at > ?, failures + 1, 1), expires_at = IF(expires_at > ?, expires_at, ?)`,
      [...sorted.flatMap((b) => [b.digest, ends]), now, now, ends],
    );
  };

  return {
    loginBuckets: (identifier, address) => [
      bucket("identifier", identifier, config.per_identifier),
      bucket("network", networkOf(address), config.per_network),
    ],

    async attempt(buckets, make) {
      const keys = buckets.map((b) => b.digest.toString("latin1"));
      const ahead = keys.map(enter);
      try {
        const seconds = await secondsToWait(buckets, ahead);
        if (seconds > 0) return { kind: "wait", seconds };
        const { failed, value } = await make();
        // Counted before it stops being under way, so that there is no gap between the two.
        if (failed) await countFailure(buckets);
        return { kind: "made", value };
      } finally {
        for (const key of keys) leave(key);
      }
    },
  };
};
