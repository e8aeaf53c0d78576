import type { Sql } from "../../db/sql.ts";
import type { AddressUndos } from "../../identity/address-undos.ts";
import type { IdentityRecord, VerifiableAddressRecord } from "../../identity/identity.ts";
import { maskAddress } from "../../identity/mask-address.ts";
import { hasAddress } from "../../identity/same-address.ts";
import type { IdentityStore } from "../../identity/store.ts";
import { wholeMinutes } from "../../lib/minutes.ts";
import { createNotify, type NoticeContext, type NoticeDeps } from "./notify.ts";

/** Whom it tells. */
export type Recipients = "removed" | "all_verified" | "all";

/** What notifying previous addresses needs. */
export interface PreviousAddressesDeps extends NoticeDeps {
  readonly identities: Pick<IdentityStore, "reserve" | "release">;
  readonly undos: AddressUndos;
  /** Queues the end of what is reserved, in the transaction. */
  readonly releaseLater: (tx: Sql, identityId: string) => Promise<void>;
  /** The page on which a change is undone, with its token. */
  readonly undoUrl: (token: string) => string;
}

/** A change of a person who was there before. */
export interface ChangedAddresses extends NoticeContext {
  readonly previous: IdentityRecord;
  /** False: nobody gets a link that undoes it, and no address is reserved. */
  readonly isUndoable?: boolean;
}

/** Queues the messages about a change, in its transaction and after the person is written. */
export type NotifyPrevious = (tx: Sql, changed: ChangedAddresses) => Promise<void>;

/** Creates it. Whoever had a verified address can undo the change within `undos.lifespan` (docs/addresses.md). */
export const createNotifyPrevious = (
  deps: PreviousAddressesDeps,
  recipients: Recipients | "removed_and_verified",
): NotifyPrevious => {
  const { clock, identities, undos, releaseLater, undoUrl } = deps;
  const notify = createNotify(deps);

  /** Makes the change undoable by who had the address; returns where. */
  const makeUndoable = async (tx: Sql, { previous, identity }: ChangedAddresses, address: VerifiableAddressRecord) => {
    const token = await undos.add(tx, {
      identityId: identity.id,
      version: identity.version,
      address,
      verifiable: previous.verifiable,
      traits: previous.traits,
    });
    const until = new Date(clock.now().getTime() + undos.lifespan);
    await identities.reserve(tx, previous, identity, address.value, until);
    await releaseLater(tx, identity.id);
    return undoUrl(token);
  };

  /** An address that is the account's again is undone by no earlier link, also once it is removed again. */
  const voidLinksOf = async (tx: Sql, identityId: string, added: readonly VerifiableAddressRecord[]): Promise<void> => {
    if (added.length === 0) return;
    for (const { id, address, usedAt } of await undos.list(tx, identityId))
      if (usedAt === undefined && without([address], added).length === 0) await undos.forget(tx, { id, identityId });
  };

  return async (tx: Sql, changed: ChangedAddresses): Promise<void> => {
    const { previous, identity, isUndoable = true } = changed;
    const removed = without(previous.verifiable, identity.verifiable);
    const added = without(identity.verifiable, previous.verifiable);
    if (removed.length === 0 && added.length === 0) return;
    await voidLinksOf(tx, identity.id, added);
    const newAddress = added[0] && maskAddress(added[0].value);
    for (const address of previous.verifiable) {
      const isRemoved = removed.includes(address);
      if (!isNotified(recipients, address, isRemoved)) continue;
      // Only who has proven to have had it may undo it.
      const isOwners = isRemoved && address.verified;
      const url = isOwners && isUndoable ? await makeUndoable(tx, changed, address) : undefined;
      await notify(tx, changed, address, {
        template: "verifiable_address_changed",
        data: {
          ...(newAddress !== undefined && { newAddress }),
          ...(url !== undefined && { url, expiresInMinutes: wholeMinutes(undos.lifespan) }),
        },
        lifespan: undos.lifespan,
        // Proving the address again costs a message that is counted.
        uncounted: isOwners ? "nobody keeps whoever had the address from hearing by causing other messages" : undefined,
      });
    }
  };
};

/** Whether a person has got an address to verify, or has lost one. */
export const hasOtherAddresses = (previous: IdentityRecord, { verifiable }: IdentityRecord): boolean =>
  without(previous.verifiable, verifiable).length > 0 || without(verifiable, previous.verifiable).length > 0;

const isNotified = (
  recipients: Recipients | "removed_and_verified",
  { verified }: VerifiableAddressRecord,
  isRemoved: boolean,
): boolean => {
  if (recipients === "all") return true;
  if (recipients === "removed") return isRemoved;
  return verified || (recipients === "removed_and_verified" && isRemoved);
};

const without = (
  list: readonly VerifiableAddressRecord[],
  other: readonly VerifiableAddressRecord[],
): readonly VerifiableAddressRecord[] => list.filter((address) => !hasAddress(other, address));
