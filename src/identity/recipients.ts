import type { IdentityRecord, VerifiableAddressRecord } from "./identity.ts";

/*
 * Where messages go that concern an account. One that concerns a single address goes to that one alone: a code, a link,
 * an invitation, and that an address has been given back (whoever follows the link of an undo has proven to have it,
 * and nobody else of that account has). Who is notified of a changed address is
 * configured (hooks/notices/notify-previous.ts). All other messages go to one of the two lists below.
 */

/** Where a message about an account as a whole goes. */
export interface Recipient {
  readonly channel: "email" | "sms";
  /** The mail address or phone number. */
  readonly recipient: string;
}

/**
 * The addresses that a person is notified at when the account ends or becomes another one: every one that they have
 * proven and those that bring their account back, since nobody can tell them later.
 * Who has none of them is notified at the others, which nobody has proven, and at last at what they sign in with, if it
 * is a mail address.
 */
export const recipientsOfAccount = ({ verifiable, recovery, credentials }: IdentityRecord): readonly Recipient[] => {
  const sure = [...verifiable.filter(({ verified }) => verified), ...recovery];
  const names = Object.values(credentials).flatMap(({ identifiers }) => identifiers);
  const mailNames = names.filter((name) => /^[^\s@:]+@[^\s@:]+$/.test(name)).map((value) => ({ via: "email", value }));
  const [known = []] = [sure, verifiable, mailNames].filter((addresses) => addresses.length > 0);
  const all = known.map(
    ({ via, value }): Recipient => ({ channel: via === "sms" ? "sms" : "email", recipient: value }),
  );
  const mails = all.filter(({ channel }) => channel === "email");
  // A phone is written to where nothing else is known: mails can say more.
  return [...new Map((mails.length > 0 ? mails : all).map((address) => [address.recipient, address])).values()];
};

/**
 * The addresses that a change of how a person signs in is told to (docs/mail.md): those that are verified; where none
 * is, all. A recovery address is not proven: what the account has is nothing for whoever reads there.
 */
export const recipientsOfChange = ({ verifiable }: IdentityRecord): readonly VerifiableAddressRecord[] => {
  const verified = verifiable.filter((address) => address.verified);
  return verified.length > 0 ? verified : verifiable;
};
