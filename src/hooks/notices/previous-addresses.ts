import type { Sql } from "../../db/sql.ts";
import type { AddressUndos } from "../../identity/address-undos.ts";
import type { IdentityRecord, VerifiableAddressRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Hook, HookFactory, WrittenContext } from "../phases.ts";
import { createNotify, type NoticeDeps } from "./notify.ts";

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

const known: readonly Recipients[] = ["removed", "all_verified", "all"];

/** What is wrong with the `config` of the hook; undefined when nothing is. */
export const findRecipientsFault = (config: Readonly<Record<string, unknown>> | undefined): string | undefined => {
  const { recipients = "removed", ...others } = config ?? {};
  const [stray] = Object.keys(others);
  if (stray !== undefined) return `${stray} is no key of notify_previous_addresses`;
  return known.some((one) => one === recipients)
    ? undefined
    : `recipients must be ${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;
};

/**
 * `notify_previous_addresses`: whoever had an address before hears that it was
 * changed. One that was verified gets a link that undoes the change, once and
 * within some time; until then nobody else may have the address
 * (docs/addresses.md).
 */
export const notifyPreviousAddresses =
  (deps: PreviousAddressesDeps): HookFactory =>
  (config) =>
    createPreviousAddressNotices(deps, known.find((one) => one === config?.recipients) ?? "removed");

/** The same as a hook that follows every change; `skips` says of which changes the configured list tells itself. */
export const createPreviousAddressNotices = (
  deps: PreviousAddressesDeps,
  recipients: Recipients | "removed_and_verified",
  skips: (context: WrittenContext) => boolean = () => false,
): Hook => {
  const { clock, courier, identities, undos, releaseLater, undoUrl } = deps;
  const notify = createNotify(deps);

  /** Makes the change undoable by who had the address; gives where. Only who has proven to have had it may. */
  const makeUndoable = async (tx: Sql, { previous, identity }: Changed, address: VerifiableAddressRecord) => {
    if (!address.verified) return undefined;
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

  return {
    // What the others of the list write comes first.
    order: "last",
    inTransaction: async (tx, context) => {
      const { previous, identity } = context;
      if (previous === undefined || skips(context)) return;
      const removed = without(previous.verifiable, identity.verifiable);
      const [added] = without(identity.verifiable, previous.verifiable);
      if (removed.length === 0 && added === undefined) return;
      for (const address of previous.verifiable) {
        const isRemoved = removed.includes(address);
        if (!isNotified(recipients, address, isRemoved)) continue;
        const url = isRemoved ? await makeUndoable(tx, { previous, identity }, address) : undefined;
        await notify(tx, context, address, {
          template: "verifiable_address_changed",
          data: {
            ...(added && { newAddress: maskAddress(added.value) }),
            ...(url !== undefined && { url, expiresInMinutes: Math.round(undos.lifespan / 60_000) }),
          },
          lifespan: undos.lifespan,
          // Proving the address again costs a message that is counted.
          uncounted: url && "nobody keeps the link of the one who had the address from arriving by causing others",
        });
      }
    },
    afterCommit: async () => {
      courier.wake();
      return undefined;
    },
  };
};

interface Changed {
  readonly previous: IdentityRecord;
  readonly identity: IdentityRecord;
}

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
): readonly VerifiableAddressRecord[] =>
  list.filter(({ via, value }) => !other.some((one) => one.via === via && one.value === value));

/** Enough of an address for its owner to know it again: `b****@example.com`. */
const maskAddress = (value: string): string => {
  const at = value.lastIndexOf("@");
  const name = [...(at < 0 ? value : value.slice(0, at))];
  return `${name.slice(0, 1).join("")}****${at < 0 ? name.slice(-2).join("") : value.slice(at)}`;
};
