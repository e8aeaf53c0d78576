import type { Refusal, Refusals } from "../audit/refusals.ts";
import type { Database, Sql } from "../db/sql.ts";
import { serviceError } from "../errors/service-error.ts";
import type { AddressUndos } from "../identity/address-undos.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { Call } from "../lib/call.ts";
import { randomToken } from "../lib/ids.ts";
import { createOncePerCall } from "../lib/once-per-call.ts";
import type { CodeGuesses } from "../limits/code-guesses.ts";
import type { FailureFloor } from "../limits/failure-floor.ts";
import type { ChangedPerson, CountedMessage, MessageLimit } from "../limits/message-limit.ts";
import type { KnownDevices } from "../session/known-devices.ts";
import type { SessionRecord } from "../session/session.ts";
import { type Address, addressKey } from "./address.ts";
import { type AnswerTime, createAnswerTime } from "./answer-time.ts";
import type { IssuedSecret, SecretKind } from "./secret-kind.ts";
import { bindingOf, type SentSecret } from "./sent-secret.ts";

/*
 * A secret is sent to an address and comes back, in whatever flow: what is
 * counted of it, what the flow stores of it, and what becomes of it when another
 * one is asked for.
 */

/** A person as they are when a secret is made. */
export type IdentityVersion = Pick<IdentityRecord, "id" | "version">;

/** A secret to send. */
export interface NewChallenge {
  readonly flow: { readonly id: string };
  readonly kind: SecretKind;
  readonly address: Address;
  /** Whose address it is; undefined where nobody has it, or nobody is known yet. */
  readonly identity: IdentityVersion | undefined;
  /** A device on which this person signed in before; see `Challenges.deviceOf`. */
  readonly device: string | undefined;
  /** That asks for it. */
  readonly call: Call;
  /** No secret is good. All else is the same, so that whoever asks learns nothing. */
  readonly isVoid: boolean;
  /** What the flow sent before. */
  readonly before: readonly SentSecret[];
}

/** A secret for a message that was counted. */
export interface CountedSecret extends IssuedSecret {
  readonly budget: CountedMessage;
}

/** A secret that the flow has sent, for the flow to store. */
export interface StartedChallenge {
  readonly sent: SentSecret;
  /** For the message. Undefined: no message is sent, and what was sent to this address before stays good. */
  readonly issued: CountedSecret | undefined;
}

/** A secret that no message is sent with. */
export interface HandedOver {
  readonly sent: SentSecret;
  readonly issued: IssuedSecret;
}

/** Messages that a call asks for. */
export interface AskedMessages {
  /** Each gets one. */
  readonly addresses: readonly Address[];
  /** As `Challenges.deviceOf` has it. */
  readonly device: string | undefined;
  /** Whose settings are changed: a new address each time gets no further. Left out: nobody's. */
  readonly changed?: Pick<ChangedPerson, "identityId" | "about"> | undefined;
}

/** A secret that someone submits who says that they got the message. */
export interface ChallengeResponse {
  readonly flow: { readonly id: string };
  /** What it is for, as refusals are recorded. */
  readonly purpose: Pick<Refusal, "flow" | "method">;
  readonly kind: SecretKind;
  readonly call: Call;
  /** What it is compared with. Undefined: nothing was sent, and nothing fits. */
  readonly sent: SentSecret | undefined;
  readonly secret: string;
  /** Within what `max_submissions` guesses may be made: a flow, or one code of it. */
  readonly guesses: { readonly id: string; readonly expiresAt: Date };
}

/**
 * What a submitted secret turned out to be: `used_up`, when too many were tried within the flow; `too_many`, when too
 * many were tried of the person, whatever the address, which is answered like a wrong one.
 */
export type VerifiedSecret = "right" | "wrong" | "too_many" | "expired" | "used_up";

/** Sends secrets and verifies what is submitted. That a secret is good once is up to the transaction of its effect. */
export interface Challenges extends AnswerTime {
  /**
   * Counts a request that asks for messages, once for a call.
   *
   * @param asked what is known of them: `start` counts nothing more for these
   * @throws RATE_LIMITED
   */
  request(call: Call, asked?: AskedMessages): Promise<void>;
  /**
   * A device on which the person signed in before: strangers leave it budgets of its own.
   *
   * @param session theirs, where the call is known to come in it
   */
  deviceOf(
    call: Call,
    identityId: string | undefined,
    session?: Pick<SessionRecord, "id">,
  ): Promise<string | undefined>;
  /** Makes a secret, unless the address has had as many messages as it may. Its message is queued with it. */
  start(tx: Sql, challenge: NewChallenge): Promise<StartedChallenge>;
  /** Makes a secret that an operator hands over: it is for the person, and belongs to no address. */
  handOver(flow: { readonly id: string }, kind: SecretKind, identity: IdentityVersion, lifespan: number): HandedOver;
  /**
   * Compares a secret with what was sent. A guess is counted before: once for a call, however often its steps are
   * repeated. @throws RATE_LIMITED
   */
  verify(submitted: ChallengeResponse): Promise<VerifiedSecret>;
}

/** What challenges are made of. */
export interface ChallengesDeps {
  readonly codeGuesses: CodeGuesses;
  readonly messages: MessageLimit;
  /** Under every answer to a request that may send a message. */
  readonly messageFloor: FailureFloor;
  readonly devices: KnownDevices;
  readonly refusals: Refusals;
  readonly db: Database;
  readonly addressUndos: Pick<AddressUndos, "isUndoneSince">;
}

/** Creates the `Challenges`. */
export const createChallenges = (deps: ChallengesDeps): Challenges => {
  const { addressUndos, codeGuesses, db, messages, messageFloor, devices, refusals } = deps;
  const oncePerCall = createOncePerCall();

  const deviceOf: Challenges["deviceOf"] = async (call, identityId, session) =>
    identityId === undefined ? undefined : devices.find(call, identityId, session);

  const count = async ({ call, guesses, sent }: ChallengeResponse) => {
    const { address, identityId } = sent ?? nobody;
    return codeGuesses.count({
      flow: guesses,
      address: address === undefined ? `none ${guesses.id}` : addressKey(address),
      identityId,
      device: await deviceOf(call, identityId),
    });
  };

  const issue = (
    flow: { readonly id: string },
    kind: SecretKind,
    address: Address | undefined,
    identity: IdentityVersion | undefined,
    lifespan?: number,
  ): HandedOver => {
    const to = { address, identityId: identity?.id };
    const issued = kind.issue(bindingOf(flow, to), lifespan);
    const personVersion = identity && { personVersion: identity.version };
    return {
      issued,
      sent: { ...to, ...personVersion, serial: randomToken(16), digest: issued.sealed, expiresAt: issued.expiresAt },
    };
  };

  /** Whoever took an address back has shut out whoever got messages until then. */
  const isUndone = async (sent: SentSecret | undefined): Promise<boolean> =>
    sent?.identityId !== undefined && addressUndos.isUndoneSince(db, sent.identityId, sent.personVersion ?? 0);

  return {
    ...createAnswerTime(messageFloor),
    request: (call, { addresses, device, changed } = nothing) =>
      messages.consumeOrThrow(call, {
        recipients: addresses.map((address) => ({ address: addressKey(address), device })),
        ...(changed && { changed: { ...changed, messages: addresses.length } }),
      }),
    deviceOf,

    start: async (tx, { flow, kind, address, identity, device, call, isVoid, before }) => {
      const { issued, sent } = issue(flow, kind, address, identity);
      const none = { ...sent, digest: undefined };
      const budget = await messages.consume(tx, { address: addressKey(address), device, call });
      if (budget) return { sent: isVoid ? none : sent, issued: { ...issued, budget } };
      return { sent: before.find((each) => isSameRecipient(each, sent)) ?? none, issued: undefined };
    },

    handOver: (flow, kind, identity, lifespan) => issue(flow, kind, undefined, identity, lifespan),

    verify: async (submitted) => {
      const { call, flow, kind, guesses, purpose, sent, secret } = submitted;
      let isCounted = true;
      if (kind.isGuessable) {
        const { address, identityId } = sent ?? nobody;
        const key = [guesses.id, address && addressKey(address), identityId].join(" ");
        const verdict = await oncePerCall(call, key, () => count(submitted));
        if (verdict.kind === "wait") {
          if (identityId !== undefined) refusals.record({ ...purpose, identityId, reason: "too_many_attempts", call });
          throw tooManyGuesses(verdict.seconds);
        }
        if (verdict.kind === "flow_used_up") return "used_up";
        isCounted = verdict.kind === "allowed";
      }
      const checked = kind.check(sent?.digest, bindingOf(flow, sent ?? nobody), secret);
      if (!isCounted) return "too_many";
      return checked === "right" && (await isUndone(sent)) ? "wrong" : checked;
    },
  };
};

const nothing: AskedMessages = { addresses: [], device: undefined };
const nobody: Pick<SentSecret, "address" | "identityId"> = { address: undefined, identityId: undefined };

const isSameRecipient = (a: SentSecret, b: SentSecret): boolean =>
  a.identityId === b.identityId && a.address?.via === b.address?.via && a.address?.value === b.address?.value;

const tooManyGuesses = (seconds: number) =>
  serviceError("RATE_LIMITED", {
    explain: "Too many codes were tried. Try again later.",
    details: { retry_after: seconds },
    headers: { "retry-after": String(seconds) },
  });
