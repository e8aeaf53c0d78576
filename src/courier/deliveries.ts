import type { CourierConfig, HttpDeliveryConfig } from "../config/courier-config.ts";
import type { JsonnetEngine } from "../lib/jsonnet/engine.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import type { Delivery } from "./delivery/delivery.ts";
import { createHttpDelivery } from "./delivery/http.ts";
import { createSmtpDelivery } from "./delivery/smtp.ts";
import type { Channel } from "./message.ts";

/** What the deliveries need. */
export interface DeliveriesDeps {
  readonly courier: CourierConfig;
  readonly isDev: boolean;
  readonly programs: ReadonlyMap<string, string>;
  readonly engine: JsonnetEngine;
  readonly addressRules: AddressRules;
  readonly fetch: OutboundFetch;
}

/** Shows messages to whoever develops: they count as sent, and are read on a page of the server's. */
const mailbox: Delivery = { deliver: () => Promise.resolve({ kind: "sent" }), close: () => undefined };

/** Whether messages have no other way out than a page of the server's that shows them: in development alone. */
export const hasMailbox = (courier: CourierConfig, isDev: boolean): boolean => isDev && mailsBy(courier) === undefined;

/** Creates the deliveries that the configuration has, by channel. */
export const createDeliveries = (deps: DeliveriesDeps): ReadonlyMap<Channel, Delivery> => {
  const { courier, programs, engine, addressRules, fetch } = deps;
  const byHttp = (config: HttpDeliveryConfig): Delivery =>
    createHttpDelivery({
      config,
      program: programs.get(config.path),
      engine,
      fetch,
      addressRules,
      timeout: courier.timeout,
    });
  const mails = mailsBy(courier);
  const email =
    mails === undefined
      ? undefined
      : "host" in mails
        ? createSmtpDelivery({
            smtp: mails,
            sender: courier.sender,
            timeout: courier.timeout,
            connections: Math.max(1, courier.worker.pull_count),
          })
        : byHttp(mails);
  const ways: readonly (readonly [Channel, Delivery | undefined])[] = [
    ["email", email ?? (deps.isDev ? mailbox : undefined)],
    ["sms", courier.sms ? byHttp(courier.sms) : deps.isDev ? mailbox : undefined],
  ];
  return new Map(ways.filter((way): way is readonly [Channel, Delivery] => way[1] !== undefined));
};

/** How mails are sent; undefined: they are not. */
const mailsBy = ({ delivery_strategy, http, smtp }: CourierConfig) => (delivery_strategy === "http" ? http : smtp);
