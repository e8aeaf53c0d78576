import type { LimitsConfig } from "../config/config.ts";
import type { Database, Sql } from "../db/sql.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { createOncePerCall } from "../lib/once-per-call.ts";
import { type Bucket, countOne, createBuckets, secondsUntil } from "./counts.ts";
import { networkOf } from "./network.ts";

/** A message that a request causes. */
export interface MessageRequest {
  /** Normalised: counted the same whether anybody has it or not. */
  readonly address: string;
  /** A device on which the owner of the address signed in before; see `KnownDevices`. */
  readonly device: string | undefined;
}

/** Who changes addresses, and how many messages that causes. */
export interface ChangedPerson {
  readonly identityId: string;
  readonly messages: number;
}

/** How many messages are sent to one address, and asked for from one network. */
export interface MessageLimit {
  /**
   * Counts a request that asks for messages, once, however often its steps are taken; and with it the messages that a
   * person causes by a change of their settings, to whatever addresses.
   *
   * @throws RATE_LIMITED
   */
  consumeOrThrow(call: Pick<Call, "remoteAddress">, changed?: ChangedPerson): Promise<void>;
  /**
   * Counts a message in the transaction that queues it. False: there were too many, and it is not queued; whoever
   * asked gets the usual answer. It is exact over all nodes.
   */
  consume(tx: Sql, request: MessageRequest): Promise<boolean>;
}

/** What is said of the network, and of the person. */
const EXPLAIN = [
  "Too many messages were asked for from this network. Try again later.",
  "Too many messages were sent to addresses of this account. Try again later.",
] as const;

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

  /** The network's, and the person's where there is one; both by one statement. */
  const bucketsOf = (call: Pick<Call, "remoteAddress">, changed: ChangedPerson | undefined): readonly Bucket[] => [
    createBucket("message network", networkOf(call.remoteAddress), config.per_network),
    ...(changed
      ? [{ ...createBucket("message identity", changed.identityId, config.per_identity), by: changed.messages }]
      : []),
  ];

  /** What is refused counts for neither: the transaction that counts it is rolled back. */
  const countOrThrow = (buckets: readonly Bucket[]): Promise<void> =>
    db.transaction(async (tx) => {
      const now = clock.now();
      const counts = await countOne(tx, buckets, config.window, now);
      for (const [at, { limit }] of buckets.entries()) {
        const count = counts[at];
        if (count && count.failures > limit) throw tooMany(EXPLAIN[at] ?? EXPLAIN[0], count.expiresAt, now);
      }
    });

  return {
    consumeOrThrow: (call, changed) =>
      oncePerCall(call, changed ? `identity ${changed.identityId}` : "network", () =>
        countOrThrow(bucketsOf(call, changed)),
      ),

    consume: async (tx, { address, device }) => {
      const now = clock.now();
      // What strangers ask for leaves the devices of the owner their own budget.
      const bucket =
        device === undefined
          ? createBucket("message address", address, config.per_address)
          : createBucket("message device", `${device} ${address}`, config.per_device);
      const [count] = await countOne(tx, [bucket], config.window, now);
      return count === undefined || count.failures <= bucket.limit;
    },
  };
};

const tooMany = (explain: string, until: Date, now: Date): ServiceError =>
  serviceError("RATE_LIMITED", {
    explain,
    headers: { "retry-after": String(secondsUntil(until, now)) },
  });
