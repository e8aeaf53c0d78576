import type { TextKey } from "./catalogues.ts";
import type { WireText } from "./wire.ts";

/** The message whose whole text is a reason in English (docs/messages.md). */
const invalid = 4000001;

/**
 * What the reasons of message 4000001 are about. The API says them in English
 * and for developers; a person hears what to do now. Reasons about the value of
 * a field are not among them: the kind of field says those better.
 */
const table: readonly (readonly [RegExp, TextKey])[] = [
  [/^The passkey did not verify\b/, "reason.key_unverified"],
  [/^The answer of the key does not belong to this form\b/, "reason.again"],
  [/^(?:The answer of the key|The key could not be verified)\b/, "reason.key_failed"],
  [/^The key was used elsewhere\b/, "reason.key_copied"],
  [/^You have this key already\b/, "reason.key_there"],
  [/^You have \d+ keys already\b/, "reason.key_many"],
  [/^There is no such key\b/, "reason.key_unknown"],
  [/^This key cannot be removed: it is the last\b/, "reason.key_last"],
  [/\bdenied there\b/, "reason.denied"],
  [/\b(?:cannot be reached|reported an error)\b/, "reason.unavailable"],
  [/^This provider cannot be linked\b/, "reason.cannot_link"],
  [/^This provider cannot be unlinked: it is the last\b/, "reason.last_way"],
  [/^This provider cannot be unlinked\b/, "reason.cannot_unlink"],
  [/\bdid not confirm that you signed in again\b/, "reason.not_confirmed"],
  [/\bstart again\b/, "reason.again"],
  [/\b(?:ID token|[Tt]he provider)\b/, "reason.unusable"],
  [/\b(?:native apps|body of the request|linked or unlinked)\b/, "reason.unreadable"],
];

/** The text for a reason that has nothing to do with a field's value; undefined for any other message. */
export const findReason = ({ id, context, text }: WireText): TextKey | undefined => {
  if (id !== invalid) return undefined;
  const reason = typeof context?.reason === "string" ? context.reason : text;
  return table.find(([pattern]) => pattern.test(reason))?.[1];
};
