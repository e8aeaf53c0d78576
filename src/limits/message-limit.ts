import type { LimitsConfig } from "../config/config.ts";
import type { Database, Sql } from "../db/sql.ts";
import type { ServiceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { type Bucket, countOne, createBuckets, readCounts, secondsUntil } from "./counts.ts";
import { bucketsOf, type CountedRequest, createRequestCounter } from "./message-requests.ts";
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
   * that a person causes by a change of their settings, to whatever addresses, and those to addresses. For the network
   * it counts as many as there are messages. What was counted
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

/** What was counted with a call. */
interface CountedCall {
  /** Messages that were counted for the network. */
  ofNetwork: number;
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
    caused: CausedMessages,
    { ofNetwork, changes, messages }: CountedCall,
  ): CountedRequest => {
    const { changed, recipients = [] } = caused;
    const network = createBucket("message network", networkOf(call.remoteAddress), config.per_network);
    const due = messagesIn(caused) - ofNetwork;
    return {
      network: due > 0 ? { ...network, isShared: true, by: due } : undefined,
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

  const count = createRequestCounter({ db, clock, window: config.window });

  return {
    consumeOrThrow: async (call, caused = {}) => {
      const counted = countedOf(call);
      if (counted.refusal) throw counted.refusal;
      const request = requestOf(call, caused, counted);
      if (bucketsOf(request).length === 0) return;
      const { refusal, recipients } = await count(request);
      counted.refusal = refusal;
      if (refusal) throw refusal;
      counted.ofNetwork = Math.max(counted.ofNetwork, messagesIn(caused));
      if (caused.changed) counted.changes.add(changeOf(caused.changed));
      for (const [name, isLeft] of recipients) counted.messages.set(name, isLeft ? new Counted() : undefined);
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
  ofNetwork: 0,
  refusal: undefined,
  changes: new Set(),
  messages: new Map(),
});

/**
 * As how many messages a request counts for the network: one at least. What it asks for of one address counts as one,
 * whoever has that.
 */
const messagesIn = ({ recipients = [] }: CausedMessages): number => Math.max(1, recipients.length);

const changeOf = ({ about, identityId }: ChangedPerson): string => `${about} of ${identityId}`;

/** A message by what it is counted as: without a digest, which costs more. */
const nameOfMessage = ({ purpose, address, ...message }: MessageRequest): string =>
  `${purpose} ${("device" in message && message.device) || ""} ${address}`;
