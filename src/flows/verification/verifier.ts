import type { Sql } from "../../db/sql.ts";
import type { CreatedVerification, Hook, OpenVerification, WrittenContext } from "../../hooks/phases.ts";
import { channelOf, isReachable } from "../../identity/channel.ts";
import type { IdentityRecord, VerifiableAddressRecord } from "../../identity/identity.ts";
import type { Address } from "../../schema/addresses.ts";
import { type BeginDeps, createBegin } from "./begin.ts";
import { endOf } from "./end-of.ts";
import { sendsToPhones } from "./sends-to-phones.ts";

/**
 * Creates the hook that follows every registration and change of settings while
 * verification is on: the first address that nobody has verified and no message
 * was sent to gets one, with a verification flow to finish. Flow, message and the
 * status of the address are written with the change.
 *
 * @param sendsToAll `feature_flags.legacy_continue_with_verification_ui`: every address, and not only the first
 */
export const createVerifier = (deps: BeginDeps, sendsToAll: boolean): Hook & { readonly open: OpenVerification } => {
  const {
    challenge: { challenges, courier, takesPhoneNumbers },
    verification: { config, methods },
  } = deps;
  const begin = createBegin(deps);
  const takesPhones = takesPhoneNumbers && sendsToPhones(methods[config.use]);

  const isSendable = ({ via, status, verified, value }: VerifiableAddressRecord, wanted: string): boolean =>
    status === wanted && !verified && value !== "" && isReachable(via, takesPhones);
  const addressesOf = (identity: IdentityRecord, status: string): readonly Address[] => {
    const found = identity.verifiable.filter((address) => isSendable(address, status));
    return (sendsToAll ? found : found.slice(0, 1)).map(({ via, value }) => ({ via: channelOf(via), value }));
  };

  /** Those that are marked as sent in this change. */
  const markedBy = ({ identity, previous }: WrittenContext): readonly Address[] => {
    const before = new Map(previous?.verifiable.map(({ id, status }) => [id, status]));
    const marked = identity.verifiable.filter(({ id, status }) => status === "sent" && before.get(id) !== "sent");
    return addressesOf({ ...identity, verifiable: marked }, "sent");
  };

  const send = (tx: Sql, context: WrittenContext, address: Address): Promise<CreatedVerification> => {
    const { flow, call, nextSecret, identity: owner, transientPayload } = context;
    return begin(tx, { type: flow.type, ...endOf(flow), call, nextSecret, owner, address, transientPayload });
  };

  return {
    open: async (context) => {
      const {
        storage: { db, identities },
      } = deps;
      const [address] = [...addressesOf(context.identity, "pending"), ...addressesOf(context.identity, "sent")];
      if (address === undefined) return undefined;
      await challenges.request(context.call, { addresses: [address] });
      const created = await db.transaction(async (tx) =>
        (await identities.tryLockActive(tx, context.identity.id)) ? send(tx, context, address) : undefined,
      );
      courier.wake();
      return created;
    },
    order: "first",
    // Messages are counted before anything is written: against the network that they are caused from, the addresses
    // and, where settings are changed, the person, because a new address each time has a budget of its own.
    beforePersist: async (context) => {
      const { call, identity, previous } = context;
      const sent = addressesOf(identity, "pending");
      if (sent.length === 0) return undefined;
      const changed = previous && ({ identityId: previous.id, about: "verification" } as const);
      await challenges.request(call, { addresses: sent, changed });
      return { kind: "revised", revision: { sent } };
    },
    inTransaction: async (tx, context) => {
      const marked = markedBy(context);
      if (marked.length === 0) return;
      for (const address of marked) context.verifications.push(await send(tx, context, address));
    },
    afterCommit: async ({ verifications }) => {
      if (verifications.length > 0) courier.wake();
      return undefined;
    },
  };
};
