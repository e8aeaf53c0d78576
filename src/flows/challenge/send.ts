import type { JsonObject } from "@bufbuild/protobuf";
import type { Address } from "../../challenge/address.ts";
import type { IssuedSecret } from "../../challenge/secret-kind.ts";
import { localeOf } from "../../courier/locale.ts";
import type { MessageTemplate } from "../../courier/message.ts";
import type { Sql } from "../../db/sql.ts";
import { apply } from "../../identity/apply.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { ChallengeMethod } from "../../methods/contract/challenge.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { type FlowUrls, withQuery } from "../shared/urls.ts";
import type { ChallengeFlowDeps } from "./deps.ts";
import { isSameFlow } from "./is-same-flow.ts";
import { openSent, sealSent } from "./sent-challenge.ts";

/** The kinds of flow that send secrets to addresses. */
export type ChallengeFlowKind = "verification" | "recovery";

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
  readonly issued: IssuedSecret;
  readonly owner: IdentityRecord;
}

/** Queues messages with secrets in the transaction of what they belong to. */
export type QueueChallenge = (tx: Sql, message: ChallengeMessage) => Promise<void>;

/** The template of a message. */
const templateOf = (kind: ChallengeFlowKind, method: string, isKnown: boolean): MessageTemplate =>
  `${kind}${method === "code" ? "_code" : ""}_${isKnown ? "valid" : "invalid"}`;

/** Where the link of a message leads: to the flow, in whatever browser. */
const linkOf = (
  urls: FlowUrls,
  { kind, method, flow, linkBase }: Pick<ChallengeMessage, "kind" | "method" | "flow" | "linkBase">,
  secret: string,
): string => {
  const at =
    linkBase === undefined || method.name === "code"
      ? urls.submit(kind, flow.id)
      : `${linkBase}/self-service/${kind}?flow=${flow.id}`;
  return withQuery(at, { [method.name === "code" ? "code" : "token"]: secret });
};

/** Creates what queues them. */
export const createQueueChallenge =
  ({
    storage: { clock },
    destinations: { urls },
    challenge: { courier },
  }: Pick<ChallengeFlowDeps, "storage" | "destinations" | "challenge">): QueueChallenge =>
  async (tx, message) => {
    const { flow, kind, method, issued, address, call, owner, transientPayload } = message;
    await courier.queue(tx, {
      template: templateOf(kind, method.name, true),
      channel: address.via,
      recipient: address.value,
      locale: localeOf(call.headers),
      data: {
        ...(method.name === "code" && { code: issued.secret }),
        url: linkOf(urls, message, issued.secret),
        expiresInMinutes: Math.max(1, Math.round((issued.expiresAt.getTime() - clock.now().getTime()) / 60_000)),
      },
      identity: owner,
      requestUrl: flow.requestUrl,
      transientPayload,
      expiresAt: issued.expiresAt,
    });
  };

/** Whether a message was queued, and the flow as it is then. */
interface Written {
  readonly flow: FlowRecord;
  readonly isQueued: boolean;
}

/** Sends a secret to an address, if anybody has it. */
export type SendChallenge = (sending: Sending) => Promise<{ readonly flow: FlowRecord } | ConcurrentChange>;

/**
 * Creates what sends them. Whether anybody has the address shows neither in the
 * answer nor in its time, and what is counted is counted for every address alike.
 */
export const createSendChallenge = (deps: ChallengeFlowDeps): SendChallenge => {
  const {
    storage: { db, clock, flows, identities, pendingAddresses },
    trail: { audit },
    challenge: { challenges, courier, messageFloor },
  } = deps;
  const {
    forms: { sealedContext },
  } = deps;
  const queueChallenge = createQueueChallenge(deps);

  const findClaimant = async ({ identityId, pendingId }: NonNullable<Sending["claim"]>) => {
    const pending = await pendingAddresses.find(db, identityId, pendingId);
    return pending === undefined || pending.isTaken ? undefined : identities.find(db, identityId);
  };

  const findOwner = async ({ kind, address, claim }: Sending): Promise<IdentityRecord | undefined> => {
    if (claim) {
      const claimant = await findClaimant(claim);
      return claimant?.state === "active" ? claimant : undefined;
    }
    const wanted =
      kind === "verification" ? { verifiable: [address], recovery: [] } : { verifiable: [], recovery: [address] };
    const owner = await identities.findIdentifierOwner(db, { identifiers: {}, ...wanted });
    return owner?.identity.state === "active" ? owner.identity : undefined;
  };

  const notifyStranger = async (
    tx: Sql,
    { flow, kind, method, address, call, notifiesUnknown, transientPayload }: Sending,
  ) => {
    if (!notifiesUnknown) return false;
    await courier.queue(tx, {
      template: templateOf(kind, method.name, false),
      channel: address.via,
      recipient: address.value,
      locale: localeOf(call.headers),
      data: {},
      requestUrl: flow.requestUrl,
      transientPayload,
      expiresAt: new Date(clock.now().getTime() + method.lifespan),
    });
    return true;
  };

  const recordRequest = (tx: Sql, sending: Sending, identityId: string, isAllowed: boolean): Promise<void> => {
    const { kind, method, address, call } = sending;
    const detail = { method: method.name, via: address.via, ...(!isAllowed && { reason: "too_many_messages" }) };
    const event = { type: `${kind}.requested`, outcome: isAllowed ? "done" : "refused", detail } as const;
    return audit.record(tx, { identityId, sessionId: undefined, ...event }, call);
  };

  const write = async (
    tx: Sql,
    sending: Sending,
    owner: IdentityRecord | undefined,
    device: string | undefined,
  ): Promise<Written> => {
    const { flow, kind, method, address, after } = sending;
    const now = clock.now();
    if (owner && kind === "verification" && isPending(owner, address)) {
      const marked = apply(owner, { sent: [address] }, { now, newId: uuid4 });
      if (!(await identities.update(tx, owner, marked))) throw new ConcurrentChangeError("the person has changed");
    }
    const current = await flows.findOpenForUpdate(tx, flow, now);
    if (current === undefined || !isSameFlow(flow, current)) throw new ConcurrentChangeError("the flow has changed");
    const before = openSent(sealedContext, flow, method.name);
    const { sent, issued } = await challenges.start(tx, {
      flow,
      kind: method,
      address,
      identityId: owner?.id,
      device,
      isVoid: owner === undefined,
      before: before ? [before] : [],
    });
    const { pendingId } = sending.claim ?? {};
    const context = sealSent(sealedContext, after, method.name, { ...sent, pendingId });
    const saved = { ...after, subjectId: owner?.id, context };
    if (!(await flows.save(tx, saved, now))) throw new ConcurrentChangeError("the flow is over");
    if (owner) await recordRequest(tx, sending, owner.id, issued !== undefined);
    if (!issued) return { flow: saved, isQueued: false };
    if (owner === undefined) return { flow: saved, isQueued: await notifyStranger(tx, sending) };
    await queueChallenge(tx, { ...sending, issued, owner });
    return { flow: saved, isQueued: true };
  };

  return (sending) =>
    messageFloor.hold<{ readonly flow: FlowRecord } | ConcurrentChange>(sending.call.signal, async (timed) => {
      timed.began(0);
      await challenges.request(sending.call);
      const owner = await findOwner(sending);
      const device = await challenges.deviceOf(sending.call, owner?.id);
      try {
        const { flow, isQueued } = await db.transaction((tx) => write(tx, sending, owner, device));
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

const isPending = (owner: IdentityRecord, { via, value }: Address): boolean =>
  owner.verifiable.some(
    (address) => address.via === via && address.value === value && !address.verified && address.status === "pending",
  );
