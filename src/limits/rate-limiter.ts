import type { LimitsConfig } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { Clock } from "../lib/clock.ts";
import { type Bucket, countOne, createBuckets, readCounts, secondsUntil } from "./counts.ts";
import { networkOf } from "./network.ts";

/** Counts failures in windows of time. */
export interface RateLimiter {
  /**
   * What a failed login of someone unknown counts against: the identifier, and
   * the network it came from.
   */
  loginBuckets(identifier: string, address: string): readonly Bucket[];
  /**
   * What a failed login counts against where the person signed in before. A
   * stranger's guesses do not count here, nor these against anybody else.
   *
   * @param device the browser or session that signed in before
   */
  deviceBuckets(device: string, identityId: string): readonly Bucket[];
  /** What failed re-authentication in a live session counts against: that session and nothing else. */
  sessionBuckets(sessionId: string): readonly Bucket[];
  /** What a failed second factor counts against: the person, in whatever session or flow. */
  secondFactorBuckets(identityId: string): readonly Bucket[];
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
  const bucket = createBuckets(key);

  /** How many tries are under way for a bucket, on this node. */
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
    const counts = await readCounts(db, buckets, now);
    const waits = buckets.map(({ limit }, index) => {
      const count = counts[index];
      if (count && count.failures >= limit) return secondsUntil(count.expiresAt, now);
      return (count?.failures ?? 0) + (ahead[index] ?? 0) >= limit ? SOON : 0;
    });
    return Math.max(...waits);
  };

  return {
    loginBuckets: (identifier, address) => [
      bucket("identifier", identifier, config.per_identifier),
      bucket("network", networkOf(address), config.per_network),
    ],
    deviceBuckets: (device, identityId) => [bucket("device", `${device} ${identityId}`, config.per_device)],
    sessionBuckets: (sessionId) => [bucket("session", sessionId, config.per_session)],
    secondFactorBuckets: (identityId) => [bucket("second factor", identityId, config.per_second_factor)],

    async attempt(buckets, make) {
      const keys = buckets.map((b) => b.digest.toString("latin1"));
      const ahead = keys.map(enter);
      try {
        const seconds = await secondsToWait(buckets, ahead);
        if (seconds > 0) return { kind: "wait", seconds };
        const { failed, value } = await make();
        // Counted before it stops being under way, so that there is no gap between the two.
        if (failed) await countOne(db, buckets, config.window, clock.now());
        return { kind: "made", value };
      } finally {
        for (const key of keys) leave(key);
      }
    },
  };
};
