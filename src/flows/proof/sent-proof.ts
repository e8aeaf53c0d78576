import type { JsonObject } from "@bufbuild/protobuf";
import type { ProofBinding } from "../../methods/contract/proof.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { SealedContext } from "../shared/sealed-context.ts";
import { type Address, addressKey } from "./address.ts";

/** What a flow remembers of the message that it sent last: sealed, and never the secret in it. */
export interface SentProof {
  /** What the method compares with. Undefined: nobody has the address, and nothing fits. */
  readonly proof: JsonObject | undefined;
  /** Undefined for a code or link that an operator made. */
  readonly address: Address | undefined;
  /** Whose address it is. */
  readonly identityId: string | undefined;
}

/** The context of the flow with what was sent. */
export const sealSent = (
  sealedContext: SealedContext,
  flow: Pick<FlowRecord, "id" | "context">,
  method: string,
  { proof, address, identityId }: SentProof,
): JsonObject =>
  sealedContext.seal(flow, method, {
    ...(proof && { proof }),
    ...(address && { via: address.via, value: address.value }),
    ...(identityId !== undefined && { identity_id: identityId }),
  });

/** What was sent; undefined where nothing was. */
export const openSent = (
  sealedContext: SealedContext,
  flow: Pick<FlowRecord, "id" | "context">,
  method: string,
): SentProof | undefined => {
  const sealed = sealedContext.open(flow, method);
  if (sealed === undefined) return undefined;
  const { proof, via, value, identity_id: identityId } = sealed;
  return {
    proof: proof as JsonObject | undefined,
    address: typeof value === "string" ? { via: via === "sms" ? "sms" : "email", value } : undefined,
    identityId: typeof identityId === "string" ? identityId : undefined,
  };
};

/** What a secret of this flow is bound to. */
export const bindingOf = (
  flow: Pick<FlowRecord, "id">,
  { address, identityId }: Pick<SentProof, "address" | "identityId">,
): ProofBinding => ({
  flowId: flow.id,
  address: address === undefined ? "" : addressKey(address),
  identityId,
});
