import { eventTypes } from "../audit/event-types.ts";
import type { EventsConfig, ReceiverConfig } from "../config/events-config.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import { matchesType } from "./matches-type.ts";
import { deliveryKind, receiverOf } from "./outbox.ts";
import { findSecretFault } from "./signer.ts";

/** Something wrong with the configuration of a receiver. */
export interface ReceiverFault {
  /** `events.receivers[0].url` */
  readonly path: string;
  readonly message: string;
}

/** Headers that the delivery itself writes, or the connection does. */
const reserved = new RegExp(
  "^(?:webhook-.*|content-type|content-length|content-encoding|host|connection|transfer-encoding|" +
    "keep-alive|upgrade|te|trailer|expect)$",
);
const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

type Report = (key: string, message: string) => void;

/** Finds everything that is wrong with the receivers, before the server starts. */
export const findReceiverFaults = ({ receivers }: EventsConfig, rules: AddressRules): readonly ReceiverFault[] => {
  const faults: ReceiverFault[] = [];
  const names = new Set<string>();
  for (const [index, receiver] of receivers.entries()) {
    const report: Report = (key, message) => {
      faults.push({ path: `events.receivers[${index}].${key}`, message });
    };
    if (names.has(receiver.name)) report("name", "is the name of another receiver");
    names.add(receiver.name);
    if (receiverOf(deliveryKind(receiver.name)) === undefined) report("name", "is a name that the server needs itself");
    checkUrl(receiver, rules, report);
    checkHeaders(receiver, report);
    for (const [at, secret] of receiver.secrets.entries()) {
      const fault = findSecretFault(secret);
      if (fault !== undefined) report(`secrets[${at}]`, fault);
    }
    for (const [at, type] of receiver.types.entries())
      if (!Object.keys(eventTypes).some((known) => matchesType([type], known)))
        report(`types[${at}]`, "is no type of event");
  }
  return faults;
};

const checkUrl = ({ url }: ReceiverConfig, rules: AddressRules, report: Report): void => {
  const parsed = URL.parse(url);
  if (parsed !== null && (parsed.username !== "" || parsed.password !== ""))
    report("url", "has a password in it: use headers");
  if (!rules.isSafe(url)) report("url", "is plain http to the public Internet: use https");
};

const checkHeaders = ({ headers }: ReceiverConfig, report: Report): void => {
  for (const [header, value] of Object.entries(headers)) {
    if (!headerName.test(header) || reserved.test(header)) report(`headers.${header}`, "is no header that can be set");
    if (!headerValue.test(value)) report(`headers.${header}`, "is no text that a header may hold");
  }
};
