import type { LimitsConfig } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { Clock } from "../lib/clock.ts";
import { type Bucket, type Count, countOne, createBuckets, secondsUntil, uncountOne } from "./counts.ts";
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
   * Makes a try, unless too many have failed. Each is counted as failed before
   * it is made, in the database, until it ends otherwise: many at once, on any
   * number of nodes, get no further than many one after the other.
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

  /**
   * Seconds to wait where the limit is exceeded, 0 where it is not.
   *
   * @param counts with this try in them
   * @param ahead how many tries of this node began before this one and have not ended, by bucket
   */
  const secondsToWait = (
    buckets: readonly Bucket[],
    counts: readonly (Count | undefined)[],
    ahead: readonly number[],
    now: Date,
  ): number =>
    Math.max(
      ...buckets.map(({ limit }, index) => {
        const count = counts[index];
        if (count === undefined || count.failures <= limit) return 0;
        return count.failures - 1 - (ahead[index] ?? 0) >= limit ? secondsUntil(count.expiresAt, now) : SOON;
      }),
    );

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
        const now = clock.now();
        const counts = await countOne(db, buckets, config.window, now);
        const uncount = () => uncountOne(db, buckets, counts, clock.now());
        const seconds = secondsToWait(buckets, counts, ahead, now);
        if (seconds > 0) {
          await uncount();
          return { kind: "wait", seconds };
        }
        let hasFailed = false;
        try {
          const { failed, value } = await make();
          hasFailed = failed;
          return { kind: "made", value };
        } finally {
          if (!hasFailed) await uncount();
        }
      } finally {
        for (const key of keys) leave(key);
      }
    },
  };
};
