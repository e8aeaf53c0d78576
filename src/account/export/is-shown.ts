import type { IdentityRecord } from "../../identity/identity.ts";
import type { MessageRow } from "./rows.ts";

/**
 * Tells which messages somebody may see where accounts are hidden. A new address is written to unless somebody else has
 * it: that a message went there, or none, says so until the address is theirs.
 */
export const createIsShown = ({ recovery, verifiable }: Pick<IdentityRecord, "recovery" | "verifiable">) => {
  const theirs = new Set([...verifiable, ...recovery].map(({ value }) => value));
  return ({ template, recipient }: Pick<MessageRow, "template" | "recipient">): boolean =>
    !template.startsWith("verification_") || theirs.has(recipient);
};
