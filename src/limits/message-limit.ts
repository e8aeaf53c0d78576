import type { LimitsConfig } from "../config/config.ts";
import type { Database, Sql } from "../db/sql.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { inGroups } from "../lib/in-groups.ts";
import { createOncePerCall } from "../lib/once-per-call.ts";
import { type Bucket, type Count, countOne, createBuckets, secondsUntil, uncountOne } from "./counts.ts";
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
  /** What they are: each is counted once for a call. */
  readonly what: "addresses" | "new addresses" | "deletion" | "merge";
}

class Counted {
  protected readonly isCounted = true;
}

/** A message that was counted; nothing but the limit makes one. */
export type CountedMessage = Counted;

/** A message that counts against no budget, and why there cannot be too many of it. */
export interface UncountedMessage {
  readonly none: string;
}

/** Whose budget a message counts against. */
export type MessageBudget = CountedMessage | UncountedMessage;

/** How many messages are sent to one address, and asked for from one network. */
export interface MessageLimit {
  /**
   * Counts a request that asks for messages, once, however often its steps are repeated; and with it the messages
   * that a person causes by a change of their settings, to whatever addresses.
   *
   * @throws RATE_LIMITED
   */
  consumeOrThrow(call: Pick<Call, "remoteAddress">, changed?: ChangedPerson): Promise<void>;
  /**
   * Counts a message in the transaction that queues it. Undefined: there were too many, and it is not queued; whoever
   * asked gets the usual answer. It is exact over all nodes.
   */
  consume(tx: Sql, request: MessageRequest): Promise<CountedMessage | undefined>;
}

/** What is said of the network, and of the person. */
const EXPLAIN = [
  "Too many messages were asked for from this network. Try again later.",
  "Too many messages were sent to addresses of this account. Try again later.",
] as const;

const MOST_AT_ONCE = 16;

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

  /** In one transaction: what is refused is taken back before anybody else can count on it. */
  const countAll = (requests: readonly (readonly Bucket[])[]): Promise<readonly (ServiceError | undefined)[]> =>
    db.transaction(async (tx) => {
      const now = clock.now();
      const buckets = sumOf(requests.flat());
      const counts = await countOne(tx, buckets, config.window, now);
      const held = new Map(buckets.map(({ digest, by }, at) => [nameOf(digest), leftOf(counts[at], by)]));
      const answers = requests.map((request) => admit(request, held, now));
      const refused = sumOf(requests.filter((_, at) => answers[at] !== undefined).flat());
      const inWindow = refused.map(({ digest }) => counts[buckets.findIndex((each) => each.digest.equals(digest))]);
      await uncountOne(tx, refused, inWindow, now);
      return answers;
    });

  /** Requests that come together are counted by one statement: those of one network would wait for each other. */
  const count = inGroups({ most: MOST_AT_ONCE, atOnce: 1 }, countAll);

  return {
    consumeOrThrow: (call, changed) =>
      oncePerCall(call, changed ? `${changed.what} of ${changed.identityId}` : "network", () =>
        count(bucketsOf(call, changed)).then((refused) => {
          if (refused) throw refused;
        }),
      ),

    consume: async (tx, { address, device }) => {
      const now = clock.now();
      // What strangers ask for leaves the devices of the owner their own budget.
      const bucket =
        device === undefined
          ? createBucket("message address", address, config.per_address)
          : createBucket("message device", `${device} ${address}`, config.per_device);
      const [count] = await countOne(tx, [bucket], config.window, now);
      return count === undefined || count.failures <= bucket.limit ? new Counted() : undefined;
    },
  };
};

const tooMany = (explain: string, until: Date, now: Date): ServiceError =>
  serviceError("RATE_LIMITED", {
    explain,
    headers: { "retry-after": String(secondsUntil(until, now)) },
  });

/** What a bucket held before the requests that are looked at, and how long. */
type Held = { readonly failures: number; readonly expiresAt: Date } | undefined;

const nameOf = (digest: Buffer): string => digest.toString("latin1");

/** Buckets by their digest, each once, with how many are counted in it. */
const sumOf = (buckets: readonly Bucket[]): readonly Bucket[] => {
  const sums = new Map<string, Bucket>();
  for (const bucket of buckets) {
    const by = (sums.get(nameOf(bucket.digest))?.by ?? 0) + (bucket.by ?? 1);
    sums.set(nameOf(bucket.digest), { ...bucket, by });
  }
  return [...sums.values()];
};

const leftOf = (count: Count | undefined, by = 1): Held =>
  count && { ...count, failures: Math.max(0, count.failures - by) };

/** Counts a request on what was held before it; what is refused counts for none of its buckets. */
const admit = (request: readonly Bucket[], held: Map<string, Held>, now: Date): ServiceError | undefined => {
  for (const [at, { digest, limit, by = 1 }] of request.entries()) {
    const before = held.get(nameOf(digest));
    if (before && before.failures + by > limit) return tooMany(EXPLAIN[at] ?? EXPLAIN[0], before.expiresAt, now);
  }
  for (const { digest, by = 1 } of request) {
    const before = held.get(nameOf(digest));
    if (before) held.set(nameOf(digest), { ...before, failures: before.failures + by });
  }
  return undefined;
};
