import { addressKey } from "../challenge/address.ts";
import { localeOf } from "../courier/locale.ts";
import type { MessageTemplate, NewMessage } from "../courier/message.ts";
import type { Sql } from "../db/sql.ts";
import { serviceError } from "../errors/service-error.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import { type Recipient, recipientsOfAccount } from "../identity/recipients.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import type { ChangedPerson, NoticeMessage } from "../limits/message-limit.ts";
import type { AccountTrail } from "./deps.ts";

/** What is said of an account as a whole. */
export interface OwnerMessage extends Pick<NewMessage, "data"> {
  readonly template: MessageTemplate;
  readonly identity: IdentityRecord;
  /** That causes it. */
  readonly call: Call;
  /** Milliseconds for which it is useful. */
  readonly lifespan: number;
}

/** What messages about accounts as a whole need. */
export interface OwnerMessagesDeps extends Pick<AccountTrail, "courier" | "messages"> {
  readonly clock: Clock;
}

/** What they are about, and what is said where there were too many of them. */
export interface OwnerMessagesAbout {
  /** They are counted apart from codes: nobody runs out of those because of them. */
  readonly purpose: NoticeMessage["purpose"] & ChangedPerson["about"];
  readonly tooMany: string;
}

/** Messages to the owners of accounts, without which nothing is done with those. */
export interface OwnerMessages {
  /** Counts messages with the request of a person that causes them. @throws RATE_LIMITED */
  count(call: Call, identityId: string, messages: number): Promise<void>;
  /** Queues a message to each recipient within its limit; returns the recipients of those that are queued. */
  queue(tx: Sql, recipients: readonly Recipient[], message: OwnerMessage): Promise<ReadonlySet<string>>;
  /** @throws RATE_LIMITED where an account has recipients, and no message was queued to any of them */
  mustReach(tx: Sql, identity: IdentityRecord, reached: ReadonlySet<string>): Promise<void>;
}

/** Creates the `OwnerMessages`. */
export const createOwnerMessages = (
  { clock, courier, messages }: OwnerMessagesDeps,
  { purpose, tooMany }: OwnerMessagesAbout,
): OwnerMessages => {
  const countedOf = ({ channel, recipient }: Recipient): NoticeMessage => ({
    purpose,
    address: addressKey({ via: channel, value: recipient }),
  });

  return {
    count: async (call, identityId, count) => {
      if (count > 0) await messages.consumeOrThrow(call, { changed: { identityId, messages: count, about: purpose } });
    },

    queue: async (tx, recipients, { template, data, identity, call, lifespan }) => {
      const reached = new Set<string>();
      for (const { channel, recipient } of recipients) {
        const budget = await messages.consume(tx, countedOf({ channel, recipient }));
        if (budget === undefined) continue;
        reached.add(recipient);
        await courier.queue(tx, {
          template,
          channel,
          recipient,
          locale: localeOf(call.headers),
          data,
          identity,
          requestUrl: call.url,
          expiresAt: new Date(clock.now().getTime() + lifespan),
          budget,
        });
      }
      return reached;
    },

    mustReach: async (tx, identity, reached) => {
      const recipients = recipientsOfAccount(identity);
      if (recipients.length === 0 || recipients.some(({ recipient }) => reached.has(recipient))) return;
      const seconds = await messages.secondsUntilNext(tx, recipients.map(countedOf));
      throw serviceError("RATE_LIMITED", { explain: tooMany, headers: { "retry-after": String(seconds) } });
    },
  };
};
