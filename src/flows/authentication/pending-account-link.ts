import type { JsonObject } from "@bufbuild/protobuf";
import type { Aead } from "../../continuation/continuation.ts";
import type { AccountLink } from "../../methods/contract/authentication.ts";
import type { FlowRecord } from "../shared/flow.ts";

/** Where a login flow keeps what waits for the owner of an account. */
const KEY = "link";

/** What waits for the owner of an account to sign in. */
export interface PendingAccountLink {
  /** Whose account it is: nobody else may have it linked. */
  readonly ownerId: string;
  /** What the method needs to link it. */
  readonly linkState: JsonObject;
}

/** Keeps what waits for the owner of an account in the login flow itself, encrypted and bound to that flow. */
export interface PendingAccountLinks {
  /** For the context of the flow with this id. */
  seal(flowId: string, accountLink: AccountLink, pending: PendingAccountLink): JsonObject;
  /** Undefined when it cannot be opened any more. */
  open(flow: FlowRecord): PendingAccountLink | undefined;
}

/** Creates the keeping of what waits. */
export const createPendingAccountLinks = (aead: Aead): PendingAccountLinks => ({
  seal: (flowId, { method, identifier, availableMethods, submittedValues }, pending) => ({
    [KEY]: {
      method,
      identifier,
      submittedValues,
      ...(availableMethods && { availableMethods: [...availableMethods] }),
      sealed: aead.encrypt(Buffer.from(JSON.stringify(pending)), boundTo(flowId)).toString("base64url"),
    },
  }),
  open: (flow) => {
    const plain = aead.decrypt(Buffer.from(String(stored(flow)?.sealed), "base64url"), boundTo(flow.id));
    return plain && (JSON.parse(plain.toString("utf8")) as PendingAccountLink);
  },
});

/** What the form shows of it; undefined for flows in which nothing waits. */
export const accountLinkOf = (flow: FlowRecord): AccountLink | undefined => {
  const link = stored(flow);
  if (link === undefined) return undefined;
  const availableMethods = link.availableMethods;
  return {
    method: String(link.method),
    identifier: String(link.identifier),
    availableMethods: Array.isArray(availableMethods) ? availableMethods.map(String) : undefined,
    submittedValues: (link.submittedValues ?? {}) as JsonObject,
  };
};

const stored = ({ context }: FlowRecord): JsonObject | undefined => context[KEY] as JsonObject | undefined;

const boundTo = (flowId: string): string => `pending link|${flowId}`;
