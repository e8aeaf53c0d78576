import type { Sql } from "../../db/sql.ts";
import type { ChangeContext, Hook, WaitingAddress, WrittenContext } from "../../hooks/phases.ts";
import { channelOf, isReachable } from "../../identity/channel.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { slotOf } from "../../identity/pending-addresses.ts";
import { hasAddress } from "../../identity/same-address.ts";
import { holdBack } from "../../identity/trait-patch.ts";
import { type AddressPlace, findAddressPlaces } from "../../schema/addresses.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { showVerification } from "../../ui/show-verification.ts";
import { type BeginDeps, createBegin } from "./begin.ts";
import { endOf } from "./end-of.ts";
import { newUsesOf, pendingTraits } from "./pending-traits.ts";

/** How many addresses of one person may wait. Those that can no longer take effect do not count. */
const MOST = 10;

/**
 * Creates `verify_new_address`: a new address is removed from the change, and
 * takes effect once it is proven (docs/addresses.md). Everything else of the
 * change goes on.
 */
export const createVerifyNewAddress = (deps: BeginDeps): Hook => {
  const {
    storage: { db, identities, pendingAddresses },
    trail: { audit },
    forms: { schemas },
    challenge: { challenges, courier, takesPhoneNumbers },
    verification: { hidesAccounts },
  } = deps;
  const begin = createBegin(deps);

  const placesOf = ({ identity }: ChangeContext, previous: IdentityRecord): readonly AddressPlace[] =>
    findAddressPlaces(schemas.must(identity.schemaId).traits, identity.traits).filter(
      (place) => isReachable(place.via, takesPhoneNumbers) && !hasAddress(previous.verifiable, place),
    );

  /** Whether somebody else has what the address would be used for. */
  const hasOwner = async (before: IdentityRecord, { patches }: Pick<WaitingAddress, "patches">): Promise<boolean> => {
    const after = pendingTraits(schemas, before, patches);
    const owner = after && (await identities.findIdentifierOwner(db, newUsesOf(before, after)));
    return owner !== undefined && owner.identity.id !== before.id;
  };

  const write = async (tx: Sql, context: WrittenContext, address: WaitingAddress): Promise<void> => {
    const { call, flow, identity, session, transientPayload } = context;
    if (session === undefined) throw new Error("nobody is signed in who could change an address");
    const owner = { identityId: identity.id, sessionId: session.id, flowId: flow.id };
    const { id: pendingId } = await pendingAddresses.add(tx, { ...address, ...owner });
    context.verifications.push(
      await begin(tx, {
        type: flow.type,
        ...endOf(flow),
        call,
        owner: identity,
        address,
        transientPayload,
        pendingId,
        isSilent: address.isTaken,
      }),
    );
    const event = { type: "address.change_requested", outcome: "done", detail: { via: address.via } } as const;
    await audit.record(tx, { identityId: identity.id, sessionId: session.id, ...event }, call);
  };

  return {
    // What other hooks make of the traits is held back as well.
    order: "last",

    beforePersist: async (context) => {
      const { call, identity, previous } = context;
      const places = previous ? placesOf(context, previous) : [];
      if (previous === undefined || places.length === 0) return undefined;
      const held = holdBack(
        previous.traits,
        identity.traits,
        places.map(({ path }) => path),
      );
      const found = gather(places).map((indexes) => ({
        ...addressAt(places, indexes),
        patches: indexes.flatMap((at) => held.patches[at] ?? []),
      }));
      await challenges.request(call, {
        addresses: found,
        changed: { identityId: previous.id, about: "address_change" },
      });
      // No other change adds one in between: each writes the person at the version that was read, and begins again
      // where that is another. What takes the place of one that waits is no further one.
      const before = await pendingAddresses.listLive(db, previous.id);
      if (new Set([...before, ...found].map(slotOf)).size > MOST)
        return { kind: "rejected", messages: [{ node: "", text: uiText(messages.tooManyNewAddresses) }] };
      const waiting: WaitingAddress[] = [];
      for (const each of found) waiting.push({ ...each, isTaken: await hasOwner(previous, each) });
      if (!hidesAccounts && waiting.some((each) => each.isTaken))
        return { kind: "rejected", messages: [{ node: "", text: uiText(messages.identifierTaken) }] };
      return { kind: "revised", revision: { traits: held.traits, waiting } };
    },

    inTransaction: async (tx, context) => {
      for (const address of context.waiting ?? []) await write(tx, context, address);
    },

    afterCommit: async ({ verifications, waiting = [] }) => {
      if (waiting.length === 0) return undefined;
      courier.wake();
      return verifications
        .filter(({ address }) => waiting.some(({ value }) => value === address))
        .map(showVerification);
    },
  };
};

/** The indexes of places by the address that stands there, in the order of the traits. */
const gather = (places: readonly AddressPlace[]): readonly (readonly number[])[] => [
  ...Map.groupBy(places.keys(), (at) => `${places[at]?.via}:${places[at]?.value}`).values(),
];

const addressAt = (
  places: readonly AddressPlace[],
  [at = 0]: readonly number[],
): Pick<WaitingAddress, "via" | "value"> => ({
  via: channelOf(places[at]?.via ?? ""),
  value: places[at]?.value ?? "",
});
