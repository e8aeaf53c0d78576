import type { EventContent } from "../../audit/event-types.ts";
import { differsInProtected } from "../../identity/apply.ts";
import type { IdentityRecord } from "../../identity/identity.ts";

/**
 * The event of a change that nothing else is recorded of. Changes of traits without identifiers and addresses have one
 * only for receivers or the stream.
 *
 * @param isSilent whether those have none either
 */
export const changeEvent = (
  before: IdentityRecord,
  after: IdentityRecord,
  isSilent: boolean,
): EventContent | undefined => {
  if (differsInProtected(before, after)) return { type: "identifiers.changed" };
  return isSilent ? undefined : { type: "profile.changed" };
};
