import type { LimitsConfig } from "../config/config.ts";
import type { Database, Sql } from "../db/sql.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { createOncePerCall } from "../lib/once-per-call.ts";
import { type Bucket, countOne, createBuckets, readCounts, secondsUntil } from "./counts.ts";
import { networkOf } from "./network.ts";

/** A message that a request causes. */
export interface MessageRequest {
  /** Normalised: counted the same whether anybody has it or not. */
  readonly address: string;
  /** A device on which the owner of the address signed in before; see `KnownDevices`. */
  readonly device: string | undefined;
}

/** How many messages are sent to one address, and asked for from one network. */
export interface MessageLimit {
  /** Counts a request that asks for messages, once, however often its steps are taken. @throws RATE_LIMITED */
  consumeOrThrow(call: Pick<Call, "remoteAddress">): Promise<void>;
  /**
   * Counts messages that a person causes by a change of their settings, to whatever addresses, once for a call.
   *
   * @throws RATE_LIMITED
   */
  consumeOfPersonOrThrow(call: Pick<Call, "remoteAddress">, identityId: string, messages: number): Promise<void>;
  /**
   * Counts a message in the transaction that queues it. False: there were too many, and it is not queued; whoever
   * asked gets the usual answer. It is exact over all nodes.
   */
  consume(tx: Sql, request: MessageRequest): Promise<boolean>;
}

/** Creates the limit. `key` makes the digests. */
export const createMessageLimit = ({
  db,
  clock,
  config,
  key,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: LimitsConfig["messages"];
  readonly key: string;
}): MessageLimit => {
  const createBucket = createBuckets(key);

  const oncePerCall = createOncePerCall();

  const countOrThrow = async (bucket: Bucket, times: number, explain: string): Promise<void> => {
    const until = await db.transaction(async (tx) => {
      const now = clock.now();
      for (let time = 0; time < times; time++) await countOne(tx, [bucket], config.window, now);
      const [count] = await readCounts(tx, [bucket], now);
      return count && count.failures > bucket.limit ? count.expiresAt : undefined;
    });
    if (until) throw tooMany(explain, until, clock.now());
  };

  return {
    consumeOrThrow: (call) =>
      oncePerCall(call, "network", () =>
        countOrThrow(
          createBucket("message network", networkOf(call.remoteAddress), config.per_network),
          1,
          "Too many messages were asked for from this network. Try again later.",
        ),
      ),

    consumeOfPersonOrThrow: (call, identityId, messages) =>
      oncePerCall(call, `identity ${identityId}`, () =>
        countOrThrow(
          createBucket("message identity", identityId, config.per_identity),
          messages,
          "Too many messages were sent to addresses of this account. Try again later.",
        ),
      ),

    consume: async (tx, { address, device }) => {
      const now = clock.now();
      // What strangers ask for leaves the devices of the owner their own budget.
      const bucket =
        device === undefined
          ? createBucket("message address", address, config.per_address)
          : createBucket("message device", `${device} ${address}`, config.per_device);
      await countOne(tx, [bucket], config.window, now);
      const [count] = await readCounts(tx, [bucket], now);
      return count === undefined || count.failures <= bucket.limit;
    },
  };
};

const tooMany = (explain: string, until: Date, now: Date): ServiceError =>
  serviceError("RATE_LIMITED", {
    explain,
    headers: { "retry-after": String(secondsUntil(until, now)) },
  });
