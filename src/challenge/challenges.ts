import type { Refusal, Refusals } from "../audit/refusals.ts";
import type { Database, Sql } from "../db/sql.ts";
import { tooManyGuesses } from "../errors/too-many-guesses.ts";
import type { AddressUndos } from "../identity/address-undos.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import { hasAddress } from "../identity/same-address.ts";
import type { Call } from "../lib/call.ts";
import { randomToken } from "../lib/ids.ts";
import { createOncePerCall } from "../lib/once-per-call.ts";
import type { CodeGuesses } from "../limits/code-guesses.ts";
import type { FailureFloor } from "../limits/failure-floor.ts";
import type { ChangedPerson, CountedMessage, MessageLimit, SecretMessage } from "../limits/message-limit.ts";
import type { Address } from "../schema/addresses.ts";
import type { KnownDevices } from "../session/known-devices.ts";
import { addressKey } from "./address.ts";
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

/** A person as far as it counts whose address is asked for: it is theirs once it is verified. */
export type AddressOwner = Pick<IdentityRecord, "id" | "version" | "verifiable">;

/** A secret to send. */
export interface NewChallenge {
  readonly flow: { readonly id: string };
  readonly kind: SecretKind;
  readonly address: Address;
  /** Whose address it is; undefined where nobody has it, or nobody is known yet. */
  readonly identity: AddressOwner | undefined;
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
  /** Whose addresses they are, where they may be verified. Left out: nobody's. */
  readonly owner?: AddressOwner | undefined;
  /** Whose settings are changed: a new address each time gets no further. Left out: nobody's. */
  readonly changed?: Pick<ChangedPerson, "identityId" | "about"> | undefined;
}

/** A secret that was submitted. */
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
   * Counts a request that asks for messages, once for a call: what was counted for it before is left out.
   *
   * @param asked what is known of them: `start` counts nothing more for these
   * @throws RATE_LIMITED
   */
  request(call: Call, asked?: AskedMessages): Promise<void>;
  /**
   * Counts as much of a request as can be before anybody is looked up: the network, and the addresses too where the
   * call shows no device that could have a budget in place of theirs. `request` counts the rest.
   *
   * @throws RATE_LIMITED
   */
  requestEarly(call: Call, addresses: readonly Address[]): Promise<void>;
  /** Makes a secret, unless the address has had as many messages as it may. Its message is queued with it. */
  start(tx: Sql, challenge: NewChallenge): Promise<StartedChallenge>;
  /** Creates a secret for an operator to give to the person; it belongs to no address. */
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

  const findDevice = (call: Call, identityId: string): Promise<string | undefined> =>
    oncePerCall(call, `device of ${identityId}`, () => devices.find(call, identityId));

  /**
   * A device on which the owner of the address signed in before: strangers leave it budgets of its own. An address that
   * is not verified is only claimed: whoever claims it has the budget that all strangers have.
   */
  const deviceOf = async (
    call: Call,
    identity: AddressOwner | undefined,
    address: Address,
  ): Promise<string | undefined> =>
    identity && isVerified(identity, address) ? findDevice(call, identity.id) : undefined;

  const count = async ({ call, guesses, sent }: ChallengeResponse) => {
    const { address, identityId, isOwners = false } = sent ?? nobody;
    return codeGuesses.count({
      flow: guesses,
      address: address === undefined ? `none ${guesses.id}` : addressKey(address),
      identityId,
      device: isOwners && identityId !== undefined ? await findDevice(call, identityId) : undefined,
    });
  };

  const issue = (
    flow: { readonly id: string },
    kind: SecretKind,
    address: Address | undefined,
    identity: IdentityVersion | undefined,
    isOwners: boolean,
    lifespan?: number,
  ): HandedOver => {
    const to = { address, identityId: identity?.id, ...(isOwners && { isOwners }) };
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

  const messageOf = async (call: Call, owner: AddressOwner | undefined, address: Address): Promise<SecretMessage> => ({
    purpose: "secret",
    address: addressKey(address),
    device: await deviceOf(call, owner, address),
  });

  const request: Challenges["request"] = async (call, { addresses, owner, changed } = nothing) => {
    const recipients = await Promise.all(addresses.map((address) => messageOf(call, owner, address)));
    await messages.consumeOrThrow(call, {
      recipients,
      ...(changed && { changed: { ...changed, messages: addresses.length } }),
    });
  };

  return {
    ...createAnswerTime(messageFloor),
    request,
    requestEarly: (call, addresses) => request(call, { addresses: devices.showsAny(call) ? [] : addresses }),

    start: async (tx, { flow, kind, address, identity, call, isVoid, before }) => {
      const { issued, sent } = issue(
        flow,
        kind,
        address,
        identity,
        identity !== undefined && isVerified(identity, address),
      );
      const none = { ...sent, digest: undefined };
      const budget = await messages.consume(tx, { ...(await messageOf(call, identity, address)), call });
      if (budget) return { sent: isVoid ? none : sent, issued: { ...issued, budget } };
      return { sent: before.find((each) => isSameRecipient(each, sent)) ?? none, issued: undefined };
    },

    handOver: (flow, kind, identity, lifespan) => issue(flow, kind, undefined, identity, true, lifespan),

    verify: async (submitted) => {
      const { call, flow, kind, guesses, purpose, sent, secret } = submitted;
      let isCounted = true;
      if (kind.isGuessable) {
        const { address, identityId } = sent ?? nobody;
        const key = [guesses.id, address && addressKey(address), identityId].join(" ");
        const verdict = await oncePerCall(call, key, () => count(submitted));
        if (verdict.kind === "wait") {
          if (identityId !== undefined) refusals.record({ ...purpose, identityId, reason: "too_many_attempts", call });
          throw tooManyGuesses("Too many codes were tried. Try again later.", verdict.seconds);
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

const isVerified = ({ verifiable }: AddressOwner, address: Address): boolean =>
  hasAddress(
    verifiable.filter(({ verified }) => verified),
    address,
  );

const nothing: AskedMessages = { addresses: [] };
const nobody: Pick<SentSecret, "address" | "identityId" | "isOwners"> = { address: undefined, identityId: undefined };

const isSameRecipient = (a: SentSecret, b: SentSecret): boolean =>
  a.identityId === b.identityId && a.address?.via === b.address?.via && a.address?.value === b.address?.value;
