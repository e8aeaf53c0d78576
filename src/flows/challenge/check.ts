import type { RefusalReason } from "../../audit/refusals.ts";
import type { VerifiedSecret } from "../../challenge/challenges.ts";
import type { SentSecret } from "../../challenge/sent-secret.ts";
import type { Call } from "../../lib/call.ts";
import type { ChallengeMethod } from "../../methods/contract/challenge.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { ChallengeFlowDeps } from "./deps.ts";
import { openSent } from "./sent-challenge.ts";

/** A secret that was submitted, and the flow that it belongs to. */
export interface FlowSecret {
  readonly flow: FlowRecord;
  readonly method: ChallengeMethod;
  readonly secret: string;
  readonly call: Call;
}

/** What it turned out to be, and for whom. `used_up`: the flow has had as many guesses as it may. */
export type CheckedSecret =
  | { readonly kind: "right"; readonly sent: SentSecret; readonly identityId: string }
  | { readonly kind: Exclude<VerifiedSecret, "right" | "too_many"> };

/** Compares a secret with what was sent. A guess is counted before. @throws RATE_LIMITED */
export type CheckSecret = (submitted: FlowSecret) => Promise<CheckedSecret>;

/** Creates the comparison. That the secret is good once is up to the transaction of its effect. */
export const createCheckSecret = ({
  trail: { refusals },
  forms: { sealedContext },
  challenge: { challenges, messageFloor },
}: Pick<ChallengeFlowDeps, "trail" | "forms" | "challenge">): CheckSecret => {
  const check: CheckSecret = async ({ flow, method, secret, call }) => {
    const sent = openSent(sealedContext, flow, method.name);
    const purpose = { flow: flow.kind === "recovery" ? "recovery" : "verification", method: method.name } as const;
    const kind = await challenges.verify({ flow, kind: method, purpose, secret, call, sent, guesses: flow });
    const identityId = sent?.identityId;
    if (kind !== "right") {
      if (identityId !== undefined) refusals.record({ ...purpose, identityId, reason: reasons[kind], call });
      return { kind: kind === "too_many" ? "wrong" : kind };
    }
    return sent === undefined || identityId === undefined ? { kind: "wrong" } : { kind, sent, identityId };
  };

  // What is counted of a guess depends on whether anybody has the address: a wrong one takes as long either way.
  return (submitted) =>
    messageFloor.hold(submitted.call.signal, async (timed) => {
      timed.began(0);
      const value = await check(submitted);
      return { failed: value.kind !== "right", value };
    });
};

const reasons: Readonly<Record<Exclude<VerifiedSecret, "right">, RefusalReason>> = {
  wrong: "wrong_credential",
  expired: "expired",
  too_many: "too_many_attempts",
  used_up: "too_many_attempts",
};
