import type { JsonObject } from "@bufbuild/protobuf";
import type { Vault } from "../continuation/continuation.ts";
import type { Confirmation } from "../methods/method.ts";
import type { FlowRecord } from "./flow.ts";

/** Where a login flow keeps what waits for the owner of an account. */
const KEY = "link";

/** What waits for the owner of an account to sign in. */
export interface PendingLink {
  /** Whose account it is: nobody else may have it linked. */
  readonly ownerId: string;
  /** What the method needs to link it. */
  readonly memory: JsonObject;
}

/** Keeps what waits for the owner of an account in the login flow itself, encrypted and bound to that flow. */
export interface PendingLinks {
  /** For the context of the flow with this id. */
  seal(flowId: string, confirmation: Confirmation, pending: PendingLink): JsonObject;
  /** Undefined when it cannot be opened any more. */
  open(flow: FlowRecord): PendingLink | undefined;
}

/** Creates the keeping of what waits. */
export const createPendingLinks = (vault: Vault): PendingLinks => ({
  seal: (flowId, { method, identifier, ways, shown }, pending) => ({
    [KEY]: {
      method,
      identifier,
      shown,
      ...(ways && { ways: [...ways] }),
      sealed: vault.encrypt(Buffer.from(JSON.stringify(pending)), boundTo(flowId)).toString("base64url"),
    },
  }),
  open: (flow) => {
    const plain = vault.decrypt(Buffer.from(String(kept(flow)?.sealed), "base64url"), boundTo(flow.id));
    return plain && (JSON.parse(plain.toString("utf8")) as PendingLink);
  },
});

/** What the form shows of it; undefined for flows in which nothing waits. */
export const confirmationOf = (flow: FlowRecord): Confirmation | undefined => {
  const link = kept(flow);
  if (link === undefined) return undefined;
  const ways = link.ways;
  return {
    method: String(link.method),
    identifier: String(link.identifier),
    ways: Array.isArray(ways) ? ways.map(String) : undefined,
    shown: (link.shown ?? {}) as JsonObject,
  };
};

const kept = ({ context }: FlowRecord): JsonObject | undefined => context[KEY] as JsonObject | undefined;

const boundTo = (flowId: string): string => `pending link|${flowId}`;
