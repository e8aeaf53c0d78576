import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { StoredMessage } from "../../ui/stored-message.ts";

/*
 * What the self-service flows have in common: the row, and the checks that each
 * of them makes. A flow's own steps stand in its folder, in the order in which
 * they happen.
 */

/** The kinds of flow, as stored. */
export type FlowKind = "settings" | "login" | "registration" | "verification" | "recovery";

/** The kinds of flow in which a person may be sent to another site and come back. */
export type RedirectKind = Exclude<FlowKind, "verification" | "recovery">;

/** Whether flows of this kind may send a person to another site. */
export const isRedirectKind = (kind: FlowKind): kind is RedirectKind => kind !== "verification" && kind !== "recovery";

/** What is wrong with, or to be said of, a form, and what was submitted with it. Never a secret. */
export interface FlowForm {
  readonly messages: readonly StoredMessage[];
  /** Node name to submitted value; null when the nodes show what is stored. */
  readonly submittedValues: Readonly<Record<string, JsonValue>> | null;
}

/** A flow as stored. Immutable. Its nodes are made at each read. */
export interface FlowRecord {
  readonly id: string;
  readonly kind: FlowKind;
  readonly type: "browser" | "api";
  /** Whose it is, where it is someone's from the start. */
  readonly identityId: string | undefined;
  /** Whom it turned out to be about, where it is nobody's from the start: it goes when they are erased. */
  readonly subjectId?: string | undefined;
  readonly state: string;
  readonly active: string | undefined;
  readonly requestUrl: string;
  /** Knows the browser again that created it. */
  readonly csrfDigest: Buffer | undefined;
  readonly form: FlowForm;
  /** What flow and methods store between requests. */
  readonly context: JsonObject;
  readonly issuedAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
}

/** Beside whose rows a flow and its continuations are stored: those of the person whose it is, else its own. */
export const homeOf = ({ id, identityId }: Pick<FlowRecord, "id" | "identityId">): string => identityId ?? id;

/** A form that says nothing and shows what is stored. */
export const emptyForm: FlowForm = { messages: [], submittedValues: null };

/** Whether a flow holds more of somebody than that they were there: what they typed, or what methods store. */
export const holdsWhatWasTyped = ({ form, context }: Pick<FlowRecord, "form" | "context">): boolean =>
  form.submittedValues !== null || form.messages.length > 0 || "sealed" in context;

/** The type of a flow on the wire. */
export const renderFlowType = (flow: Pick<FlowRecord, "type">): FlowType =>
  flow.type === "api" ? FlowType.API : FlowType.BROWSER;

const RETURN_TO = "return_to";

/** What the context of a flow has of the `return_to` that it was created with, once it was checked. */
export const returnToContext = (checked: string | undefined): JsonObject =>
  checked === undefined ? {} : { [RETURN_TO]: checked };

/** Where a person goes afterwards, if the request that created the flow said so. */
export const returnToOf = ({ context }: Pick<FlowRecord, "context">): string | undefined => {
  const stored = context[RETURN_TO];
  return typeof stored === "string" ? stored : undefined;
};
