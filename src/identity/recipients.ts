import { type Channel, channelOf } from "./channel.ts";
import type { IdentityRecord, VerifiableAddressRecord } from "./identity.ts";

/*
 * Where messages go that concern an account. One that concerns a single address goes to that one alone: a code, a link,
 * an invitation, and that a change of an address was undone (whoever followed its link has that address, which is true
 * of no other one of the account). Who is notified of a changed address is configured
 * (hooks/notices/notify-previous.ts). All other messages go to one of the two lists below.
 */

/** Where a message about an account as a whole goes. */
export interface Recipient {
  readonly channel: Channel;
  /** The mail address or phone number. */
  readonly recipient: string;
}

/**
 * The addresses that a person is notified at when the account ends or becomes another one: all that are verified, and
 * the recovery addresses, since there is no later message. Where there are none, all other addresses; where there are
 * none of those either, identifiers that are mail addresses.
 */
export const recipientsOfAccount = ({ verifiable, recovery, credentials }: IdentityRecord): readonly Recipient[] => {
  const trusted = [...verifiable.filter(({ verified }) => verified), ...recovery];
  const names = Object.values(credentials).flatMap(({ identifiers }) => identifiers);
  const mailNames = names.filter((name) => /^[^\s@:]+@[^\s@:]+$/.test(name)).map((value) => ({ via: "email", value }));
  const [chosen = []] = [trusted, verifiable, mailNames].filter((addresses) => addresses.length > 0);
  const all = chosen.map(({ via, value }): Recipient => ({ channel: channelOf(via), recipient: value }));
  const mails = all.filter(({ channel }) => channel === "email");
  // A phone number is used only where there is no mail address: mails can say more.
  return [...new Map((mails.length > 0 ? mails : all).map((address) => [address.recipient, address])).values()];
};

/**
 * The addresses that are notified of a change of how a person signs in (docs/mail.md): those that are verified; where
 * none is, all. Recovery addresses are left out: they are not verified, and the message describes the account.
 */
export const recipientsOfChange = ({ verifiable }: IdentityRecord): readonly VerifiableAddressRecord[] => {
  const verified = verifiable.filter((address) => address.verified);
  return verified.length > 0 ? verified : verifiable;
};
