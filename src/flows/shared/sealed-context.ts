import type { JsonObject } from "@bufbuild/protobuf";
import type { Aead } from "../../lib/aead.ts";
import type { FlowRecord } from "./flow.ts";

/** Where the context of a flow has what methods store. */
const SEALED = "sealed";

/**
 * What a method stores in a flow: a secret that is not yet confirmed, a
 * challenge, the digest of a code, an account to link. It is encrypted and
 * bound to the flow and the method: neither a reader of the database nor
 * another flow or method makes anything of it.
 */
export interface SealedContext {
  /** The context of the flow with this in it, in the place of what the method stored before. */
  seal(flow: Pick<FlowRecord, "id" | "context">, method: string, data: JsonObject): JsonObject;
  /** The context of the flow with what these methods stored, and nothing of the others. */
  only(flow: Pick<FlowRecord, "context">, methods: readonly string[]): JsonObject;
  /** Undefined when the method stores nothing, or it cannot be opened any more. */
  open(flow: Pick<FlowRecord, "id" | "context">, method: string): JsonObject | undefined;
}

/** Creates the sealing of what methods store. */
export const createSealedContext = (aead: Aead): SealedContext => ({
  seal: ({ id, context }, method, data) => {
    const sealed = aead.encrypt(Buffer.from(JSON.stringify(data)), boundTo(id, method)).toString("base64url");
    return { ...context, [SEALED]: { ...sealedOf(context), [method]: sealed } };
  },
  only: ({ context }, methods) => {
    const { [SEALED]: _, ...others } = context;
    const stored = Object.entries(sealedOf(context) ?? {}).filter(([method]) => methods.includes(method));
    return stored.length === 0 ? others : { ...others, [SEALED]: Object.fromEntries(stored) };
  },
  open: ({ id, context }, method) => {
    const sealed = sealedOf(context)?.[method];
    if (typeof sealed !== "string") return undefined;
    const plain = aead.decrypt(Buffer.from(sealed, "base64url"), boundTo(id, method));
    return plain && (JSON.parse(plain.toString("utf8")) as JsonObject);
  },
});

/** The context of a flow without anything that methods store. */
export const withoutSealed = (context: JsonObject): JsonObject => {
  const { [SEALED]: _, ...others } = context;
  return others;
};

const sealedOf = (context: JsonObject): JsonObject | undefined => context[SEALED] as JsonObject | undefined;

const boundTo = (flowId: string, method: string): string => `sealed context|${flowId}|${method}`;
