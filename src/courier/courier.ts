import type { JsonObject } from "@bufbuild/protobuf";
import { charactersIn, columnSizes } from "../db/column-sizes.ts";
import type { Sql } from "../db/sql.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { Clock } from "../lib/clock.ts";
import { uuid7 } from "../lib/ids.ts";
import { findLanguage } from "./locale.ts";
import type { NewMessage } from "./message.ts";
import { messageJob } from "./message-job.ts";
import type { CourierMetrics } from "./metrics.ts";
import type { MessageStore } from "./store.ts";

/** Sends messages to people, after the transaction that queues them. */
export interface Courier {
  /**
   * Queues a message in the transaction of the change that causes it: it is sent if the change is committed, from
   * whichever node, and not at all otherwise. Nothing is sent within the call. Call `wake` after the commit.
   */
  queue(tx: Sql, message: NewMessage): Promise<void>;
  /** Looks for queued messages at once. Without it they are found within a second. */
  wake(): void;
}

/** What queueing needs. */
export interface CourierDeps {
  readonly jobs: Pick<Jobs, "wake">;
  readonly messages: MessageStore;
  readonly clock: Clock;
  readonly metrics: Pick<CourierMetrics, "queued">;
  /**
   * An account as its owner sees it, where anything but the texts of the server says what messages say: it may name
   * the person. Undefined where nothing does.
   */
  readonly describe: ((identity: IdentityRecord) => JsonObject) | undefined;
}

/** Creates the part of the courier that flows and hooks see. */
export const createQueue = ({ jobs, messages, clock, metrics, describe }: CourierDeps): Courier => ({
  queue: async (tx, { template, channel, recipient, locale, data, requestUrl, expiresAt, ...rest }) => {
    if (charactersIn(recipient) > columnSizes["courier_messages.recipient"])
      throw new RangeError("the recipient of a message is too long");
    const createdAt = clock.now();
    await messages.insert(tx, {
      id: uuid7(createdAt),
      channel,
      template,
      recipient,
      content: {
        language: findLanguage(locale) ?? "en",
        data,
        requestUrl,
        ...(rest.transientPayload && { transientPayload: rest.transientPayload }),
        ...(describe && rest.identity && { identity: describe(rest.identity) }),
      },
      identityId: rest.identity?.id,
      expiresAt,
      createdAt,
    });
    metrics.queued(channel, template);
  },
  wake: () => jobs.wake(messageJob),
});
