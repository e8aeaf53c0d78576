import type { EventContent, EventDetail } from "../audit/event-types.ts";
import type { Sql } from "../db/sql.ts";
import type { PendingAddresses } from "../identity/pending-addresses.ts";
import type { TrustedDevices } from "./trusted-devices.ts";

/** Where it is written what rests on how a person signs in. */
export interface RestingOnCredentials {
  readonly pendingAddresses: Pick<PendingAddresses, "endAll">;
  readonly trustedDevices: Pick<TrustedDevices, "endAll">;
}

/**
 * Ends what rests on how a person signed in until now: pending addresses, and trusted devices (docs/addresses.md,
 * docs/second-factors.md). In the transaction that changes a credential or disables the person, with their row locked.
 *
 * @param cause `by` says whose change it is
 * @returns the event to record; undefined where no device was trusted
 */
export const endRestingOnCredentials = async (
  { pendingAddresses, trustedDevices }: RestingOnCredentials,
  tx: Sql,
  identityId: string,
  cause: EventDetail & { readonly by: "owner" | "operator" | "undo" },
): Promise<EventContent | undefined> => {
  await pendingAddresses.endAll(tx, identityId);
  const count = await trustedDevices.endAll(tx, identityId);
  return count > 0 ? { type: "device.untrusted", detail: { ...cause, count } } : undefined;
};
