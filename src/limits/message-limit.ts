import type { LimitsConfig } from "../config/config.ts";
import type { Database, Sql } from "../db/sql.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { inGroups } from "../lib/in-groups.ts";
import { createOncePerCall } from "../lib/once-per-call.ts";
import { type Bucket, type Count, countOne, createBuckets, readCounts, secondsUntil, uncountOne } from "./counts.ts";
import { networkOf } from "./network.ts";

/** A message that a request causes. */
export interface MessageRequest {
  /** Normalised: counted the same whether anybody has it or not. */
  readonly address: string;
  /** A device on which the owner of the address signed in before; see `KnownDevices`. */
  readonly device: string | undefined;
}

/** What a request causes beside itself, as far as it is known before anything is written. */
export interface CausedMessages {
  /** Whose settings are changed. */
  readonly changed?: ChangedPerson;
  /** Messages that are counted with the request. */
  readonly recipients?: readonly MessageRequest[];
}

/** Who changes addresses, and how many messages that causes. */
export interface ChangedPerson {
  readonly identityId: string;
  readonly messages: number;
  /** What they are about: each of these is counted once for a call. */
  readonly about: "verification" | "address_change" | "deletion" | "merge";
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
   * that a person causes by a change of their settings, to whatever addresses, and those to addresses. A request that
   * is refused counts for none of them; one whose messages are too many for an address is not refused.
   *
   * @throws RATE_LIMITED
   */
  consumeOrThrow(call: Pick<Call, "remoteAddress">, caused?: CausedMessages): Promise<void>;
  /**
   * Gives what was counted of a message with the request of `call`; one that was not is counted in the transaction that
   * queues it. Undefined: there were too many, and it is not queued; whoever asked gets the usual answer. It is exact
   * over all nodes.
   */
  consume(
    tx: Sql,
    message: MessageRequest & { readonly call?: Pick<Call, "remoteAddress"> },
  ): Promise<CountedMessage | undefined>;
  /** Whole seconds until one of these messages, none of which is left, is again: what `Retry-After` says. */
  secondsUntilNext(sql: Sql, messages: readonly MessageRequest[]): Promise<number>;
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
  /** What was counted of messages with the request of a call, by address and device. */
  const countedOf = new WeakMap<object, ReadonlyMap<string, CountedMessage | undefined>>();

  /** What strangers ask for leaves the devices of the owner their own budget. */
  const bucketOf = ({ address, device }: MessageRequest): Bucket =>
    device === undefined
      ? createBucket("message address", address, config.per_address)
      : createBucket("message device", `${device} ${address}`, config.per_device);

  const bucketsOf = (call: Pick<Call, "remoteAddress">, { changed, recipients = [] }: CausedMessages): Request => ({
    limiting: [
      createBucket("message network", networkOf(call.remoteAddress), config.per_network),
      ...(changed
        ? [{ ...createBucket("message identity", changed.identityId, config.per_identity), by: changed.messages }]
        : []),
    ],
    recipients: recipients.map(bucketOf),
  });

  /** In one transaction: a refused request is subtracted again before anybody else can count on it. */
  const countAll = (requests: readonly Request[]): Promise<readonly Admission[]> =>
    db.transaction(async (tx) => {
      const now = clock.now();
      const buckets = sumOf(requests.flatMap(all));
      const counts = await countOne(tx, buckets, config.window, now);
      const held = new Map(buckets.map(({ digest, by }, at) => [nameOf(digest), leftOf(counts[at], by)]));
      const answers = requests.map((request) => admit(request, held, now));
      const refused = sumOf(requests.filter((_, at) => answers[at]?.refusal !== undefined).flatMap(all));
      const inWindow = refused.map(({ digest }) => counts[buckets.findIndex((each) => each.digest.equals(digest))]);
      await uncountOne(tx, refused, inWindow, now);
      return answers;
    });

  /** Requests that come together are counted by one statement: those of one network would wait for each other. */
  const count = inGroups({ most: MOST_AT_ONCE, atOnce: 1 }, countAll);

  const consumeOnce = async (call: Pick<Call, "remoteAddress">, caused: CausedMessages): Promise<void> => {
    const { refusal, recipients } = await count(bucketsOf(call, caused));
    if (refusal) throw refusal;
    countedOf.set(call, new Map([...(countedOf.get(call) ?? []), ...recipients]));
  };

  return {
    consumeOrThrow: (call, caused = {}) => {
      const { changed } = caused;
      const scope = changed ? `${changed.about} of ${changed.identityId}` : "network";
      return oncePerCall(call, scope, () => consumeOnce(call, caused));
    },

    consume: async (tx, { call, ...request }) => {
      const bucket = bucketOf(request);
      const before = call && countedOf.get(call);
      if (before?.has(nameOf(bucket.digest))) return before.get(nameOf(bucket.digest));
      const [count] = await countOne(tx, [bucket], config.window, clock.now());
      return count === undefined || count.failures <= bucket.limit ? new Counted() : undefined;
    },

    secondsUntilNext: async (sql, requests) => {
      const now = clock.now();
      const counts = await readCounts(sql, requests.map(bucketOf), now);
      return Math.min(...counts.map((count) => secondsUntil(count?.expiresAt ?? now, now)));
    },
  };
};

/** A request, as it is counted. */
interface Request {
  /** The network's, and the person's where there is one: beyond either the request is refused. */
  readonly limiting: readonly Bucket[];
  /** One for each message. */
  readonly recipients: readonly Bucket[];
}

/** What became of a request: why it is refused, or what there is of each message, by the name of its bucket. */
interface Admission {
  readonly refusal?: ServiceError;
  readonly recipients: readonly (readonly [name: string, counted: CountedMessage | undefined])[];
}

const all = ({ limiting, recipients }: Request): readonly Bucket[] => [...limiting, ...recipients];

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
const admit = (request: Request, held: Map<string, Held>, now: Date): Admission => {
  for (const [at, { digest, limit, by = 1 }] of request.limiting.entries()) {
    const before = held.get(nameOf(digest));
    if (before && before.failures + by > limit)
      return { refusal: tooMany(EXPLAIN[at] ?? EXPLAIN[0], before.expiresAt, now), recipients: [] };
  }
  const add = ({ digest, limit, by = 1 }: Bucket): boolean => {
    const before = held.get(nameOf(digest));
    if (before === undefined) return true;
    held.set(nameOf(digest), { ...before, failures: before.failures + by });
    return before.failures + by <= limit;
  };
  for (const bucket of request.limiting) add(bucket);
  return {
    recipients: request.recipients.map((bucket) => [nameOf(bucket.digest), add(bucket) ? new Counted() : undefined]),
  };
};
