import { addressKey } from "../../challenge/address.ts";
import type { AccountConfig } from "../../config/account-config.ts";
import type { Courier } from "../../courier/courier.ts";
import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import { withQuery } from "../../flows/shared/urls.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Invitation } from "../../identity/invitations.ts";
import { wholeMinutes } from "../../lib/minutes.ts";
import type { MessageLimit } from "../../limits/message-limit.ts";

/** What sending them needs. */
export interface SendingDeps {
  readonly config: AccountConfig["invitation"];
  readonly courier: Courier;
  readonly messages: Pick<MessageLimit, "consume" | "secondsUntilNext">;
}

/** An invitation and the secret of its link. */
export interface Sendable {
  readonly invitation: Invitation;
  readonly token: string;
}

/** Queues the message with the link. @throws RATE_LIMITED when the address had too many messages */
export type SendInvitation = (tx: Sql, sendable: Sendable, identity: IdentityRecord) => Promise<void>;

/** Creates the function; see `SendInvitation`. */
export const createSendInvitation =
  ({ config, courier, messages }: SendingDeps): SendInvitation =>
  async (tx, { invitation, token }, identity) => {
    const { via, address, locale, sentAt, expiresAt } = invitation;
    const message = { purpose: "invitation", address: addressKey({ via, value: address }) } as const;
    const budget = await messages.consume(tx, message);
    if (budget === undefined)
      throw serviceError("RATE_LIMITED", {
        explain: "Too many messages were sent to this address. Try again later.",
        headers: { "retry-after": String(await messages.secondsUntilNext(tx, [message])) },
      });
    await courier.queue(tx, {
      template: "invitation",
      channel: via,
      recipient: address,
      locale,
      data: {
        url: withQuery(config.accept_url, { token }),
        expiresInMinutes: wholeMinutes(expiresAt.getTime() - sentAt.getTime()),
      },
      identity,
      requestUrl: config.accept_url,
      expiresAt,
      budget,
    });
  };
