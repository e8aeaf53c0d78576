import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { ProofCheck, ProofMethod } from "../../methods/contract/proof.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { addressKey } from "./address.ts";
import type { ProofDeps } from "./deps.ts";
import { bindingOf, openSent, type SentProof } from "./sent-proof.ts";

/** What someone brings who says that they got the message. */
export interface BroughtSecret {
  readonly flow: FlowRecord;
  readonly method: ProofMethod;
  readonly secret: string;
  readonly call: Call;
}

/** What it turned out to be, and for whom. */
export type CheckedSecret =
  | { readonly kind: "right"; readonly sent: SentProof; readonly identityId: string }
  | { readonly kind: Exclude<ProofCheck, "right"> }
  /** The flow has had as many guesses as it may. */
  | { readonly kind: "flow_used_up" };

/** Compares a secret with what was sent. A guess is counted before. @throws RATE_LIMITED */
export type CheckSecret = (brought: BroughtSecret) => Promise<CheckedSecret>;

/** Creates the comparison. That the secret is good once is up to the transaction of its effect. */
export const createCheckSecret = ({
  codeGuesses,
  devices,
  refusals,
  sealedContext,
}: Pick<ProofDeps, "codeGuesses" | "devices" | "refusals" | "sealedContext">): CheckSecret => {
  const refuse = ({ flow, method, call }: BroughtSecret, identityId: string | undefined, reason: string): void => {
    if (identityId === undefined) return;
    refusals.record({ identityId, flow: kindOf(flow), method: method.name, reason, call });
  };

  const count = async ({ flow, call }: BroughtSecret, sent: SentProof | undefined) => {
    const { address, identityId } = sent ?? {};
    return codeGuesses.count({
      flow,
      address: address === undefined ? `none ${flow.id}` : addressKey(address),
      identityId,
      device: identityId === undefined ? undefined : await devices.find(call, identityId),
    });
  };

  return async (brought) => {
    const { flow, method, secret, call } = brought;
    const sent = openSent(sealedContext, flow, method.name);
    if (method.isGuessable) {
      const verdict = await count(brought, sent);
      if (verdict.kind === "wait" && sent?.identityId !== undefined)
        refusals.limited({ identityId: sent.identityId, flow: kindOf(flow), method: method.name, call });
      if (verdict.kind === "wait")
        throw serviceError("RATE_LIMITED", {
          explain: "Too many codes were tried for this address. Try again later.",
          headers: { "retry-after": String(verdict.seconds) },
        });
      if (verdict.kind !== "allowed") {
        refuse(brought, sent?.identityId, "too_many_attempts");
        return verdict;
      }
    }
    const kind = method.check(sent?.proof, bindingOf(flow, sent ?? nobody), secret);
    if (kind !== "right") {
      refuse(brought, sent?.identityId, kind === "expired" ? "expired" : "wrong_credential");
      return { kind };
    }
    return sent?.identityId === undefined ? { kind: "wrong" } : { kind, sent, identityId: sent.identityId };
  };
};

const kindOf = ({ kind }: FlowRecord) => (kind === "recovery" ? "recovery" : "verification");

const nobody: Pick<SentProof, "address" | "identityId"> = { address: undefined, identityId: undefined };
