import type { LimitsConfig } from "../config/config.ts";
import type { Database, Sql } from "../db/sql.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Clock } from "../lib/clock.ts";
import { type Bucket, countOne, createBuckets, readCounts, secondsUntil } from "./counts.ts";
import { networkOf } from "./network.ts";

/** How many accounts one network may create in a window. */
export interface RegistrationLimit {
  /** Before work is done for a registration. Counts nothing. @throws RATE_LIMITED */
  mustHaveRoom(address: string): Promise<void>;
  /**
   * Counts a registration in the transaction that writes it, and with it. It is
   * exact over all nodes: of those at the same moment only as many get through as
   * there is room for. @throws RATE_LIMITED
   */
  consumeOrThrow(tx: Sql, address: string): Promise<void>;
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

    consumeOrThrow: async (tx, address) => {
      const now = clock.now();
      const bucket = bucketOf(address);
      // The row stays locked until the commit: everyone reads their own number.
      const [count] = await countOne(tx, [bucket], config.window, now);
      if (count && count.failures > bucket.limit) throw tooMany(count.expiresAt, now);
    },
  };
};

const tooMany = (until: Date, now: Date): ServiceError =>
  serviceError("RATE_LIMITED", {
    explain: "Too many accounts were created from this network. Try again later.",
    headers: { "retry-after": String(secondsUntil(until, now)) },
  });
