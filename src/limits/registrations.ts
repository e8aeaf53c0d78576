import type { LimitsConfig } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Clock } from "../lib/clock.ts";
import { type Bucket, countOne, createBuckets, readCounts, secondsUntil } from "./counts.ts";
import { networkOf } from "./network.ts";

/** How many accounts one network may create in a window. */
export interface RegistrationLimit {
  /** Before work is done for a registration. Counts nothing. @throws RATE_LIMITED */
  mustHaveRoom(address: string): Promise<void>;
  /**
   * Counts a registration that is about to be written. It is exact over all
   * nodes: of those at the same moment only as many get through as there is room
   * for. One that fails afterwards stays counted. @throws RATE_LIMITED
   */
  consumeOrThrow(address: string): Promise<void>;
}

/** Creates the limit. `key` makes the digests of networks. */
export const createRegistrationLimit = ({
  db,
  clock,
  config,
  key,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: LimitsConfig["registration"];
  readonly key: string;
}): RegistrationLimit => {
  const createBucket = createBuckets(key);
  const bucketOf = (address: string): Bucket => createBucket("registration", networkOf(address), config.per_network);

  return {
    mustHaveRoom: async (address) => {
      const now = clock.now();
      const bucket = bucketOf(address);
      const [count] = await readCounts(db, [bucket], now);
      if (count && count.failures >= bucket.limit) throw tooMany(count.expiresAt, now);
    },

    consumeOrThrow: async (address) => {
      const now = clock.now();
      const bucket = bucketOf(address);
      // The row stays locked between counting and reading: everyone reads their own number.
      const [count] = await db.transaction(async (tx) => {
        await countOne(tx, [bucket], config.window, now);
        return readCounts(tx, [bucket], now);
      });
      if (count && count.failures > bucket.limit) throw tooMany(count.expiresAt, now);
    },
  };
};

const tooMany = (until: Date, now: Date): ServiceError =>
  serviceError("RATE_LIMITED", {
    explain: "Too many accounts were created from this network. Try again later.",
    headers: { "retry-after": String(secondsUntil(until, now)) },
  });
