import type { JsonObject } from "@bufbuild/protobuf";
import type { AccountLink } from "../../methods/contract/authentication.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { SealedContext } from "../shared/sealed-context.ts";

/** The key of a pending account link in the context of a login flow. */
const KEY = "account_link";

/** A link to an account that is made once its owner has signed in. */
export interface PendingAccountLink {
  /** Whose account it is: nobody else may have it linked. */
  readonly ownerId: string;
  /** What the method needs to link it. */
  readonly linkState: JsonObject;
}

/** Stores pending account links in the context of their login flow, sealed. */
export interface PendingAccountLinks {
  /** The context of the flow with it. */
  seal(flow: Pick<FlowRecord, "id" | "context">, accountLink: AccountLink, pending: PendingAccountLink): JsonObject;
  /** Undefined when it cannot be opened any more. */
  open(flow: FlowRecord): PendingAccountLink | undefined;
}

/** Creates what seals and opens them. */
export const createPendingAccountLinks = (sealedContext: SealedContext): PendingAccountLinks => ({
  seal: (flow, { method, identifier, availableMethods, submittedValues }, { ownerId, linkState }) => ({
    ...sealedContext.seal(flow, KEY, { ownerId, linkState }),
    [KEY]: {
      method,
      identifier,
      submittedValues,
      ...(availableMethods && { availableMethods: [...availableMethods] }),
    },
  }),
  open: (flow) => {
    const pending = sealedContext.open(flow, KEY);
    return pending && { ownerId: String(pending.ownerId), linkState: (pending.linkState ?? {}) as JsonObject };
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

/** Somebody else than the owner of the account cannot have what waits linked. */
export const notTheOwner: Rejected = rejected([{ node: "", text: uiText(messages.linkedAccountMismatch) }]);

const stored = ({ context }: FlowRecord): JsonObject | undefined => context[KEY] as JsonObject | undefined;
