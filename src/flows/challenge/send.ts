import type { JsonObject } from "@bufbuild/protobuf";
import type { CountedSecret } from "../../challenge/challenges.ts";
import { localeOf } from "../../courier/locale.ts";
import type { MessageTemplate } from "../../courier/message.ts";
import type { Sql } from "../../db/sql.ts";
import { apply } from "../../identity/apply.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { isSameAddress } from "../../identity/same-address.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4 } from "../../lib/ids.ts";
import { wholeMinutes } from "../../lib/minutes.ts";
import type { ChallengeMethod } from "../../methods/contract/challenge.ts";
import type { Address } from "../../schema/addresses.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { ChallengeFlowDeps, ChallengeFlowKind } from "./deps.ts";
import { lockAsRead } from "./lock-as-read.ts";
import { messageLink } from "./message-link.ts";
import { openSent, sealSent } from "./sent-challenge.ts";

/** What a flow wants to have sent. */
export interface Sending {
  readonly flow: FlowRecord;
  readonly kind: ChallengeFlowKind;
  readonly method: ChallengeMethod;
  readonly address: Address;
  readonly call: Call;
  readonly transientPayload: JsonObject | undefined;
  /** Whether an address that nobody has gets a message, too. */
  readonly notifiesUnknown: boolean;
  /** Base URL of links, without a slash at its end; undefined: that of the public port. */
  readonly linkBase: string | undefined;
  /** What takes effect with the address, where an account has it not yet. */
  readonly claim?: { readonly identityId: string; readonly pendingId: string } | undefined;
  /** The flow as it is once something was sent, whether anybody has the address or not. */
  readonly after: FlowRecord;
}

/** A message with a secret, and whom it is for. */
export interface ChallengeMessage
  extends Pick<Sending, "kind" | "method" | "address" | "call" | "transientPayload" | "linkBase"> {
  readonly flow: Pick<FlowRecord, "id" | "requestUrl">;
  readonly issued: CountedSecret;
  readonly owner: IdentityRecord;
}

/** Queues messages with secrets in the transaction of what they belong to. */
export type QueueChallenge = (tx: Sql, message: ChallengeMessage) => Promise<void>;

/** The template of a message. */
const templateOf = (kind: ChallengeFlowKind, method: string, isKnown: boolean): MessageTemplate =>
  `${kind}${method === "code" ? "_code" : ""}_${isKnown ? "valid" : "invalid"}`;

/** Creates what queues them. */
export const createQueueChallenge =
  ({
    storage: { clock },
    destinations: { urls },
    challenge: { courier },
  }: Pick<ChallengeFlowDeps, "storage" | "destinations" | "challenge">): QueueChallenge =>
  async (tx, message) => {
    const { flow, kind, method, issued, address, call, owner, transientPayload, linkBase } = message;
    await courier.queue(tx, {
      template: templateOf(kind, method.name, true),
      channel: address.via,
      recipient: address.value,
      locale: localeOf(call.headers),
      data: {
        ...(method.name === "code" && { code: issued.secret }),
        url: messageLink(urls, { kind, method: method.name, flowId: flow.id, linkBase }, issued.secret),
        expiresInMinutes: wholeMinutes(issued.expiresAt.getTime() - clock.now().getTime()),
      },
      identity: owner,
      requestUrl: flow.requestUrl,
      transientPayload,
      expiresAt: issued.expiresAt,
      budget: issued.budget,
    });
  };

/** Whether a message was queued, or there were too many for its address; and the flow as it is then. */
interface Written {
  readonly flow: FlowRecord;
  readonly isQueued: boolean;
  readonly isLimited: boolean;
}

/** Who has an address, and whether nothing is sent there. */
interface Recipient {
  readonly owner: IdentityRecord | undefined;
  readonly isSilent: boolean;
}

const silent: Recipient = { owner: undefined, isSilent: true };

/** Sends a secret to an address, if anybody has it. */
export type SendChallenge = (sending: Sending) => Promise<{ readonly flow: FlowRecord } | ConcurrentChange>;

/**
 * Creates what sends them. Whether anybody has the address shows neither in the
 * answer nor in its time, and what is counted is counted for every address alike.
 */
export const createSendChallenge = (deps: ChallengeFlowDeps): SendChallenge => {
  const {
    storage: { db, clock, flows, identities, pendingAddresses },
    trail: { audit, refusals },
    challenge: { challenges, courier, messageFloor },
  } = deps;
  const {
    forms: { sealedContext },
  } = deps;
  const queueChallenge = createQueueChallenge(deps);

  /**
   * One whose address somebody else has is answered like any other, and nobody is written to; likewise where the
   * session that asked for the address is over, as nothing proves it then.
   */
  const findClaimant = async ({ identityId, pendingId }: NonNullable<Sending["claim"]>): Promise<Recipient> => {
    const pending = await pendingAddresses.findLive(db, identityId, pendingId);
    const claimant = pending && (await identities.find(db, identityId));
    return claimant?.state === "active" ? { owner: claimant, isSilent: pending?.isTaken === true } : silent;
  };

  const findRecipient = async ({ kind, address, claim, notifiesUnknown }: Sending): Promise<Recipient> => {
    if (claim) return findClaimant(claim);
    const wanted =
      kind === "verification" ? { verifiable: [address], recovery: [] } : { verifiable: [], recovery: [address] };
    const owner = await identities.findIdentifierOwner(db, { identifiers: {}, ...wanted });
    return owner?.identity.state === "active"
      ? { owner: owner.identity, isSilent: false }
      : { owner: undefined, isSilent: !notifiesUnknown };
  };

  const notifyStranger = async (
    tx: Sql,
    { flow, kind, method, address, call, transientPayload }: Sending,
    { budget }: CountedSecret,
  ): Promise<void> => {
    await courier.queue(tx, {
      template: templateOf(kind, method.name, false),
      channel: address.via,
      recipient: address.value,
      locale: localeOf(call.headers),
      data: {},
      requestUrl: flow.requestUrl,
      transientPayload,
      expiresAt: new Date(clock.now().getTime() + method.lifespan),
      budget,
    });
  };

  const recordRequest = (tx: Sql, { kind, method, address, call }: Sending, identityId: string): Promise<void> => {
    const event = {
      type: `${kind}.requested`,
      outcome: "done",
      detail: { method: method.name, via: address.via },
    } as const;
    return audit.record(tx, { identityId, sessionId: undefined, ...event }, call);
  };

  /** Once, however often a stranger asks. */
  const recordLimited = ({ kind, method, address: { via }, call }: Sending, identityId: string): void =>
    refusals.record({ identityId, flow: kind, method: method.name, via, reason: "too_many_messages", call });

  /**
   * Has everything of the person wait, and says of an address that a message is on its way. Of somebody who was erased
   * meanwhile nothing is written, and nothing sent.
   *
   * @throws ConcurrentChangeError
   */
  const lockAndMark = async (tx: Sql, owner: IdentityRecord, { kind, address }: Sending): Promise<void> => {
    const isMarked = kind === "verification" && isPending(owner, address);
    const holds = isMarked
      ? await identities.update(tx, owner, apply(owner, { sent: [address] }, { now: clock.now(), newId: uuid4 }))
      : await identities.tryLockActive(tx, owner.id);
    if (!holds) throw new ConcurrentChangeError("the person has changed, or is gone");
  };

  const write = async (tx: Sql, sending: Sending, { owner, isSilent }: Recipient): Promise<Written> => {
    const { flow, method, address, after } = sending;
    const now = clock.now();
    if (owner) await lockAndMark(tx, owner, sending);
    await lockAsRead(flows, tx, flow, now);
    const before = openSent(sealedContext, flow, method.name);
    const { sent, issued } = await challenges.start(tx, {
      flow,
      kind: method,
      address,
      identity: owner,
      call: sending.call,
      isVoid: owner === undefined || isSilent,
      before: before ? [before] : [],
    });
    const { pendingId } = sending.claim ?? {};
    const context = sealSent(sealedContext, after, method.name, { ...sent, pendingId });
    const saved = { ...after, subjectId: owner?.id, context };
    if (!(await flows.save(tx, saved, now))) throw new ConcurrentChangeError("the flow is over");
    if (owner && issued) await recordRequest(tx, sending, owner.id);
    if (!issued || isSilent) return { flow: saved, isQueued: false, isLimited: !issued };
    if (owner) await queueChallenge(tx, { ...sending, issued, owner });
    else await notifyStranger(tx, sending, issued);
    return { flow: saved, isQueued: true, isLimited: false };
  };

  return (sending) =>
    messageFloor.hold<{ readonly flow: FlowRecord } | ConcurrentChange>(sending.call.signal, async (timed) => {
      timed.began(0);
      const { address, call } = sending;
      await challenges.requestEarly(call, [address]);
      const recipient = await findRecipient(sending);
      await challenges.request(call, { addresses: [address], owner: recipient.owner });
      try {
        const { flow, isQueued, isLimited } = await db.transaction((tx) => write(tx, sending, recipient));
        if (isLimited && recipient.owner) recordLimited(sending, recipient.owner.id);
        if (isQueued) {
          courier.wake();
          timed.verified("message");
        }
        return { failed: true, value: { flow } };
      } catch (thrown) {
        if (thrown instanceof ConcurrentChangeError) return { failed: false, value: concurrentChange };
        throw thrown;
      }
    });
};

const isPending = ({ verifiable }: IdentityRecord, address: Address): boolean =>
  verifiable.some((each) => isSameAddress(each, address) && !each.verified && each.status === "pending");
