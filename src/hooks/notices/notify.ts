import { addressKey } from "../../challenge/address.ts";
import type { Courier } from "../../courier/courier.ts";
import { localeOf } from "../../courier/locale.ts";
import type { MessageData, MessageTemplate } from "../../courier/message.ts";
import type { Sql } from "../../db/sql.ts";
import { isReachable } from "../../identity/channel.ts";
import type { VerifiableAddressRecord } from "../../identity/identity.ts";
import type { Clock } from "../../lib/clock.ts";
import type { MessageLimit } from "../../limits/message-limit.ts";
import type { HookFlow, WrittenContext } from "../phases.ts";

/** What notifying people of changes of their account needs. */
export interface NoticeDeps {
  readonly courier: Courier;
  readonly clock: Clock;
  readonly messages: MessageLimit;
  /** Whether messages can be sent to phones. */
  readonly takesPhoneNumbers: boolean;
}

/** A message about a change. */
export interface Notice {
  readonly template: MessageTemplate;
  readonly data: MessageData;
  /** Milliseconds after which it is of no more use. */
  readonly lifespan: number;
  /** Why it arrives however many there were; left out, the address gets so many and no more. */
  readonly uncounted?: string | undefined;
}

/** The change that a message is about, and whose it is. */
export type NoticeContext = Pick<WrittenContext, "call" | "identity" | "transientPayload"> & {
  readonly flow: Pick<HookFlow, "requestUrl">;
};

/** Queues a message about a change, in its transaction. */
export type Notify = (
  tx: Sql,
  context: NoticeContext,
  address: Pick<VerifiableAddressRecord, "via" | "value">,
  notice: Notice,
) => Promise<void>;

/** Creates it. An address that no message can be sent to gets none. */
export const createNotify =
  ({ courier, clock, messages, takesPhoneNumbers }: NoticeDeps): Notify =>
  async (tx, { call, flow, identity, transientPayload }, { via, value }, notice) => {
    const { template, data, lifespan, uncounted } = notice;
    if (!isReachable(via, takesPhoneNumbers)) return;
    // Counted apart from codes: nobody runs out of those because much has changed.
    const counted = { purpose: "notice", address: addressKey({ via, value }) } as const;
    const budget = uncounted === undefined ? await messages.consume(tx, counted) : { none: uncounted };
    if (budget === undefined) return;
    await courier.queue(tx, {
      template,
      channel: via,
      recipient: value,
      locale: localeOf(call.headers),
      data,
      identity,
      requestUrl: flow.requestUrl,
      transientPayload,
      expiresAt: new Date(clock.now().getTime() + lifespan),
      budget,
    });
  };
