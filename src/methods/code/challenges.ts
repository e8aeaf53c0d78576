import type { JsonObject } from "@bufbuild/protobuf";
import type { Challenges } from "../../challenge/challenges.ts";
import type { SecretKind } from "../../challenge/secret-kind.ts";
import { type SentSecret, sentSecretFromJson, sentSecretToJson } from "../../challenge/sent-secret.ts";
import type { Courier } from "../../courier/courier.ts";
import { localeOf } from "../../courier/locale.ts";
import type { MessageTemplate } from "../../courier/message.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import { wholeMinutes } from "../../lib/minutes.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { ViewedFlow } from "../contract/flow.ts";
import { type Rejected, rejected, type StepEffect, type SubmittedValues } from "../contract/result.ts";
import { CODE, type CodeAddress } from "./credential.ts";

/** Codes to send in a flow. */
export interface NewCodes {
  readonly flow: ViewedFlow;
  readonly call: Call;
  readonly transientPayload: JsonObject | undefined;
  /** Each gets a code of its own. */
  readonly addresses: readonly CodeAddress[];
  readonly template: MessageTemplate;
  /** Whose codes they are; undefined where nobody has the address. */
  readonly identity: IdentityRecord | undefined;
  /** No code is good, and the message says why. All else is the same, so that whoever asks learns nothing. */
  readonly isVoid?: boolean;
}

/** A code that was submitted. */
export interface SubmittedCode {
  readonly flow: ViewedFlow;
  readonly call: Call;
  /** What the method stores in the flow. */
  readonly sealed: JsonObject;
  readonly code: string;
}

/** What a submitted code turned out to be: `used_up`, when too many were tried. */
export type VerifiedCode =
  | { readonly kind: "right"; readonly address: CodeAddress }
  | { readonly kind: "wrong" }
  | { readonly kind: "used_up" };

/** Sends codes in a login or registration flow, and verifies what is submitted. */
export interface CodeChallenges {
  /**
   * Counts as much as can be of codes to these addresses before anybody is looked up; `begin` counts the rest.
   *
   * @throws RATE_LIMITED
   */
  beginEarly(call: Call, addresses: readonly CodeAddress[]): Promise<void>;
  /** Sends codes with the step that they belong to; their digests are stored with it. @throws RATE_LIMITED */
  begin(codes: NewCodes): Promise<StepEffect>;
  /** Counts the guess before it is compared. @throws RATE_LIMITED */
  verify(submitted: SubmittedCode): Promise<VerifiedCode>;
}

/** What they are made of. */
export interface CodeChallengesDeps {
  readonly challenges: Challenges;
  readonly kind: SecretKind;
  readonly courier: Courier;
  readonly clock: Clock;
  readonly identities: Pick<IdentityStore, "tryLock">;
}

/** Creates the `CodeChallenges`. */
export const createCodeChallenges = ({
  challenges,
  identities,
  kind,
  courier,
  clock,
}: CodeChallengesDeps): CodeChallenges => ({
  beginEarly: (call, addresses) => challenges.requestEarly(call, addresses),

  begin: async ({ flow, call, transientPayload, addresses, template, identity, isVoid = false }) => {
    await challenges.request(call, { addresses, owner: identity });
    const inTransaction: StepEffect["inTransaction"] = async (tx, stored) => {
      // Of somebody who was erased meanwhile nothing is written, and nothing sent.
      const isThere = identity === undefined || (await identities.tryLock(tx, identity.id));
      const before = sentCodes(stored);
      const sent: SentSecret[] = [];
      for (const address of addresses) {
        const started = await challenges.start(tx, {
          flow,
          kind,
          address,
          identity,
          call,
          isVoid: isVoid || !isThere,
          before,
        });
        sent.push(started.sent);
        if (started.issued === undefined || !isThere) continue;
        const { secret: code, expiresAt, budget } = started.issued;
        await courier.queue(tx, {
          template,
          channel: address.via,
          recipient: address.value,
          locale: localeOf(call.headers),
          data: isVoid ? {} : { code, expiresInMinutes: wholeMinutes(kind.lifespan) },
          identity,
          requestUrl: flow.requestUrl,
          transientPayload,
          // What is over already is not sent: nobody pays for texts to numbers that strangers make up.
          expiresAt: isVoid && address.via === "sms" ? clock.now() : expiresAt,
          budget,
        });
      }
      return { codes: sent.map(sentSecretToJson) };
    };
    const afterCommit = (): void => {
      courier.wake();
      challenges.queued(call);
    };
    return { inTransaction, afterCommit };
  },

  verify: async ({ flow, call, sealed, code }) => {
    let verified: VerifiedCode = { kind: "wrong" };
    for (const sent of sentCodes(sealed)) {
      // Another code has guesses of its own; those at the address and the person go on.
      const guesses = { id: `${flow.id} ${sent.serial}`, expiresAt: sent.expiresAt };
      const found = await challenges.verify({ flow, kind, purpose, call, sent, secret: code, guesses });
      if (found === "used_up") return { kind: "used_up" };
      if (found === "right" && sent.address) verified = { kind: "right", address: sent.address };
    }
    return verified;
  },
});

/** What is said of a code of which too many guesses were made. */
export const codeUsedUp = (submittedValues: SubmittedValues): Rejected =>
  rejected(
    [
      {
        node: "",
        text: uiText(messages.invalid, { reason: "The code was tried too often. Please ask for another one." }),
      },
    ],
    submittedValues,
    CODE,
  );

/** Whoever signs up is nobody yet: what is recorded of them is recorded of sign-ins. */
const purpose = { flow: "login", method: CODE } as const;

const sentCodes = (sealed: JsonObject | undefined): readonly SentSecret[] =>
  Array.isArray(sealed?.codes) ? sealed.codes.map((each) => sentSecretFromJson(each as JsonObject)) : [];
