import type { Channel } from "../../courier/message.ts";
import type { IdentityRecord } from "../../identity/identity.ts";

/** Where a message about an account as a whole goes. */
export interface AddressToWrite {
  readonly channel: Channel;
  readonly recipient: string;
}

/**
 * The addresses that a person is notified at: every one that they have proven and those that bring their account back.
 * Who has none of them is notified at the others, which nobody has proven, and at last at what they sign in with, if it
 * is a mail address.
 */
export const addressesToWrite = ({ verifiable, recovery, credentials }: IdentityRecord): readonly AddressToWrite[] => {
  const sure = [...verifiable.filter(({ verified }) => verified), ...recovery];
  const names = Object.values(credentials).flatMap(({ identifiers }) => identifiers);
  const mailNames = names.filter((name) => /^[^\s@:]+@[^\s@:]+$/.test(name)).map((value) => ({ via: "email", value }));
  const [known = []] = [sure, verifiable, mailNames].filter((addresses) => addresses.length > 0);
  const all = known.map(
    ({ via, value }): AddressToWrite => ({ channel: via === "sms" ? "sms" : "email", recipient: value }),
  );
  const mails = all.filter(({ channel }) => channel === "email");
  // A phone is written to where nothing else is known: mails can say more.
  return [...new Map((mails.length > 0 ? mails : all).map((address) => [address.recipient, address])).values()];
};
