import type { LimitsConfig } from "../config/config.ts";
import type { Database, Sql } from "../db/sql.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { inLanes } from "../lib/in-groups.ts";
import { type Bucket, type Count, countOne, createBuckets, readCounts, secondsUntil, uncountOne } from "./counts.ts";
import { networkOf } from "./network.ts";

/** What is sent to an address that it may prove: a code, or a link. */
export interface SecretMessage {
  readonly purpose: "secret";
  /** As `addressKey` has it: counted the same whether anybody has it or not. */
  readonly address: string;
  /** A device on which the owner of the address signed in before: `Challenges` alone knows who that is. */
  readonly device: string | undefined;
}

/** What is sent to an address beside that: each purpose has a budget of its own, so that nobody runs out of codes. */
export interface NoticeMessage {
  readonly purpose: "notice" | "deletion" | "merge" | "invitation";
  /** As `addressKey` has it. */
  readonly address: string;
}

/** A message that a request causes. */
export type MessageRequest = SecretMessage | NoticeMessage;

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
   * that a person causes by a change of their settings, to whatever addresses, and those to addresses. What was counted
   * for this call before is left out. A request that is refused counts for none of them; one whose messages are too
   * many for an address is not refused.
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

const EXPLAIN = {
  network: "Too many messages were asked for from this network. Try again later.",
  person: "Too many messages were sent to addresses of this account. Try again later.",
} as const;

const MOST_AT_ONCE = 16;
/** Groups under way at once: one for each share of the networks. */
const LANES = 4;
/** Milliseconds after which a group has met a lock, and others go past it. */
const SLOW_MS = 100;

/** What was counted with a call. */
interface CountedCall {
  isNetworkCounted: boolean;
  /** Why it is refused, where it is. */
  refusal: ServiceError | undefined;
  readonly changes: Set<string>;
  /** What there is of its messages, by their names. */
  readonly messages: Map<string, CountedMessage | undefined>;
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

  const calls = new WeakMap<object, CountedCall>();
  const countedOf = (call: object): CountedCall => {
    const counted = calls.get(call) ?? newCountedCall();
    calls.set(call, counted);
    return counted;
  };

  /** What strangers ask for leaves the devices of the owner their own budget. */
  const bucketOf = (message: MessageRequest): Bucket => {
    const { address, purpose } = message;
    if (purpose !== "secret") return createBucket("message address", `${purpose} ${address}`, config.per_address);
    return message.device === undefined
      ? createBucket("message address", address, config.per_address)
      : createBucket("message device", `${message.device} ${address}`, config.per_device);
  };

  /** What is not counted yet. */
  const requestOf = (
    call: Pick<Call, "remoteAddress">,
    { changed, recipients = [] }: CausedMessages,
    { isNetworkCounted, changes, messages }: CountedCall,
  ): Request => {
    const network = createBucket("message network", networkOf(call.remoteAddress), config.per_network);
    return {
      network: isNetworkCounted ? undefined : { ...network, isShared: true },
      person:
        changed === undefined || changes.has(changeOf(changed))
          ? undefined
          : { ...createBucket("message identity", changed.identityId, config.per_identity), by: changed.messages },
      recipients: recipients
        .map((message) => ({ name: nameOfMessage(message), message }))
        .filter(({ name }) => !messages.has(name))
        .map(({ name, message }) => ({ ...bucketOf(message), name })),
      lane: network.digest[0] ?? 0,
    };
  };

  /** In one transaction: a refused request is subtracted again before anybody else can count on it. */
  const countAll = (requests: readonly Request[]): Promise<readonly Admission[]> => {
    const countIn = async (tx: Sql): Promise<readonly Admission[]> => {
      const now = clock.now();
      const buckets = sumOf(requests.flatMap(all));
      const counts = await countOne(tx, buckets, config.window, now);
      const held = new Map(buckets.map(({ digest, by }, at) => [nameOf(digest), leftOf(counts[at], by)]));
      const answers = requests.map((request) => admit(request, held, now));
      const refused = sumOf(requests.filter((_, at) => answers[at]?.refusal !== undefined).flatMap(all));
      const inWindow = refused.map(({ digest }) => counts[buckets.findIndex((each) => each.digest.equals(digest))]);
      await uncountOne(tx, refused, inWindow, now);
      return answers;
    };
    // A group that meets a lock or a deadlock is counted one by one.
    return db.transaction(countIn, requests.length > 1 ? { attempts: 1 } : {});
  };

  /**
   * Requests that come together are counted by one statement: those of one network would wait for each other. One that
   * waits for a lock holds up those of its own address and person alone.
   */
  const count = inLanes(
    { most: MOST_AT_ONCE, atOnce: 1, retriesAlone: true, slow: { after: SLOW_MS, most: 4, keysOf } },
    ({ lane }) => lane % LANES,
    countAll,
  );

  return {
    consumeOrThrow: async (call, caused = {}) => {
      const counted = countedOf(call);
      if (counted.refusal) throw counted.refusal;
      const request = requestOf(call, caused, counted);
      if (all(request).length === 0) return;
      const { refusal, recipients } = await count(request);
      counted.refusal = refusal;
      if (refusal) throw refusal;
      counted.isNetworkCounted = true;
      if (caused.changed) counted.changes.add(changeOf(caused.changed));
      for (const [name, message] of recipients) counted.messages.set(name, message);
    },

    consume: async (tx, { call, ...request }) => {
      const [name, before] = [nameOfMessage(request), call && calls.get(call)?.messages];
      if (before?.has(name)) return before.get(name);
      const bucket = bucketOf(request);
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

const newCountedCall = (): CountedCall => ({
  isNetworkCounted: false,
  refusal: undefined,
  changes: new Set(),
  messages: new Map(),
});

const changeOf = ({ about, identityId }: ChangedPerson): string => `${about} of ${identityId}`;

/** A request, as it is counted. Beyond the budget of the network or of the person it is refused. */
interface Request {
  readonly network: Bucket | undefined;
  readonly person: Bucket | undefined;
  /** One for each message, with the name of that. */
  readonly recipients: readonly (Bucket & { readonly name: string })[];
  /** The same for all requests of a network. */
  readonly lane: number;
}

/** What became of a request: why it is refused, or what there is of each message, by its name. */
interface Admission {
  readonly refusal?: ServiceError;
  readonly recipients: readonly (readonly [name: string, counted: CountedMessage | undefined])[];
}

const limiting = ({ network, person }: Request): readonly Bucket[] =>
  [network, person].filter((each) => each !== undefined);
const all = (request: Request): readonly Bucket[] => [...limiting(request), ...request.recipients];

/** What a request may wait for. The network is locked last, when nothing else is left to wait for. */
const keysOf = ({ person, recipients }: Request): readonly string[] =>
  [...(person ? [person] : []), ...recipients].map(({ digest }) => nameOf(digest));

const tooMany = (explain: string, until: Date, now: Date): ServiceError =>
  serviceError("RATE_LIMITED", {
    explain,
    headers: { "retry-after": String(secondsUntil(until, now)) },
  });

/** What a bucket held before the requests that are looked at, and how long. */
type Held = { readonly failures: number; readonly expiresAt: Date } | undefined;

/** A message by what it is counted as: without a digest, which costs more. */
const nameOfMessage = ({ purpose, address, ...message }: MessageRequest): string =>
  `${purpose} ${("device" in message && message.device) || ""} ${address}`;

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
  for (const part of ["network", "person"] as const) {
    const bucket = request[part];
    const before = bucket && held.get(nameOf(bucket.digest));
    if (before && before.failures + (bucket.by ?? 1) > bucket.limit)
      return { refusal: tooMany(EXPLAIN[part], before.expiresAt, now), recipients: [] };
  }
  const add = ({ digest, limit, by = 1 }: Bucket): boolean => {
    const before = held.get(nameOf(digest));
    if (before === undefined) return true;
    held.set(nameOf(digest), { ...before, failures: before.failures + by });
    return before.failures + by <= limit;
  };
  for (const bucket of limiting(request)) add(bucket);
  return {
    recipients: request.recipients.map((bucket) => [bucket.name, add(bucket) ? new Counted() : undefined]),
  };
};
