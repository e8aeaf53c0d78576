import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Refusals } from "../../audit/refusals.ts";
import type { Courier } from "../../courier/courier.ts";
import { localeOf } from "../../courier/locale.ts";
import type { MessageTemplate } from "../../courier/message.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import { randomToken } from "../../lib/ids.ts";
import type { CodeGuesses } from "../../limits/code-guesses.ts";
import type { MessageLimit } from "../../limits/message-limit.ts";
import type { KnownDevices } from "../../session/known-devices.ts";
import type { ViewedFlow } from "../contract/flow.ts";
import type { StepEffect } from "../contract/result.ts";
import { CODE, type CodeAddress } from "./credential.ts";
import type { OneTimeCodes } from "./one-time-code.ts";

/** Codes to send in a flow. */
export interface NewChallenge {
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

/** Codes that were sent: what the method has to remember, and the messages. */
export interface Challenge {
  readonly sealed: JsonObject;
  readonly effect: StepEffect;
}

/** A code that was typed. */
export interface Answer {
  readonly flow: ViewedFlow;
  readonly call: Call;
  readonly sealed: JsonObject;
  readonly identity: IdentityRecord | undefined;
  readonly typed: string;
}

/** What a typed code turned out to be: `used_up`, when too many were tried. */
export type Answered =
  | { readonly kind: "right"; readonly address: CodeAddress }
  | { readonly kind: "wrong" }
  | { readonly kind: "used_up" };

/** Sends codes in a flow, and checks what is typed. */
export interface CodeChallenges {
  /** @throws RATE_LIMITED */
  begin(challenge: NewChallenge): Promise<Challenge>;
  /** Counts the guess before it is compared. @throws RATE_LIMITED */
  answer(answer: Answer): Promise<Answered>;
}

/** What they are made of. */
export interface CodeChallengesDeps {
  readonly codes: OneTimeCodes;
  readonly guesses: CodeGuesses;
  readonly refusals: Refusals;
  readonly limit: MessageLimit;
  readonly courier: Courier;
  readonly devices: KnownDevices;
  readonly clock: Clock;
  /** How long a code may be used: milliseconds. */
  readonly lifespan: number;
}

/** One code of a challenge, as sealed. */
interface SealedCode extends CodeAddress {
  readonly code: JsonObject;
}

/** Creates them. */
export const createCodeChallenges = ({
  codes,
  guesses,
  refusals,
  limit,
  courier,
  devices,
  clock,
  lifespan,
}: CodeChallengesDeps): CodeChallenges => {
  const deviceOf = async (identity: IdentityRecord | undefined, call: Call): Promise<string | undefined> =>
    identity && (await devices.find(call, identity.id));

  return {
    begin: async ({ flow, call, transientPayload, addresses, template, identity, isVoid = false }) => {
      await limit.consumeOrThrow(call);
      const device = await deviceOf(identity, call);
      const now = clock.now();
      const expiresAt = new Date(now.getTime() + lifespan);
      const issued = addresses.map((address) => ({
        address,
        ...codes.issue({ flowId: flow.id, address: address.value, identityId: identity?.id }, lifespan),
      }));
      const inTransaction: StepEffect["inTransaction"] = async (tx) => {
        for (const { address, code } of issued)
          if (await limit.consume(tx, { address: address.value, device }))
            await courier.queue(tx, {
              template,
              channel: address.via,
              recipient: address.value,
              locale: localeOf(call.headers),
              data: isVoid ? {} : { code, expiresInMinutes: Math.max(1, Math.round(lifespan / 60_000)) },
              identity,
              requestUrl: flow.requestUrl,
              transientPayload,
              // What is over already is not sent: nobody pays for texts to numbers that strangers make up.
              expiresAt: isVoid && address.via === "sms" ? now : expiresAt,
            });
      };
      return {
        sealed: {
          serial: randomToken(16),
          is_void: isVoid,
          expires_at: expiresAt.getTime(),
          codes: issued.map(({ address: { via, value }, sealed }) => ({ via, value, code: sealed })),
        },
        effect: { inTransaction, afterCommit: courier.wake },
      };
    },

    answer: async ({ flow, call, sealed, identity, typed }) => {
      const device = await deviceOf(identity, call);
      let answered: Answered = { kind: "wrong" };
      for (const [index, { via, value, code }] of sealedCodes(sealed).entries()) {
        const verdict = await guesses.count({
          // Another code has guesses of its own; those at the address and the person go on.
          flow: { id: `${flow.id} ${String(sealed.serial)} ${index}`, expiresAt: new Date(Number(sealed.expires_at)) },
          address: value,
          identityId: identity?.id,
          device,
        });
        if (verdict.kind === "wait") {
          if (identity) refusals.limited({ identityId: identity.id, flow: "login", method: CODE, call });
          throw tooManyGuesses(verdict.seconds);
        }
        if (verdict.kind === "flow_used_up") return { kind: "used_up" };
        const checked = codes.check(code, { flowId: flow.id, address: value, identityId: identity?.id }, typed);
        if (verdict.kind === "allowed" && checked === "right" && sealed.is_void !== true)
          answered = { kind: "right", address: { via, value } };
      }
      return answered;
    },
  };
};

const sealedCodes = ({ codes }: JsonObject): readonly SealedCode[] =>
  (Array.isArray(codes) ? codes : []) as readonly JsonValue[] as unknown as readonly SealedCode[];

const tooManyGuesses = (seconds: number) =>
  serviceError("RATE_LIMITED", {
    explain: "Too many codes were tried. Try again later.",
    details: { retry_after: seconds },
    headers: { "retry-after": String(seconds) },
  });
