import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { EventContent } from "../../audit/event-types.ts";
import type { RefusalReason } from "../../audit/refusals.ts";
import type { Sql } from "../../db/sql.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { FormMessage } from "../../ui/stored-message.ts";

/* What the steps of a method answer, whatever the flow: plain data, to be written by the flow. */

/** Submitted values by node name, to be shown again. Never a secret. */
export type SubmittedValues = Readonly<Record<string, JsonValue>>;

/** What to record in the person's security events. */
export type MethodEvent = EventContent;

/** The form does not hold. Nothing is written but the form. */
export interface Rejected {
  readonly kind: "rejected";
  readonly messages: readonly FormMessage[];
  /** What was submitted, to be shown again; left out, the nodes show what is stored. */
  readonly submittedValues?: SubmittedValues;
  /** The method the form goes on with, where it says so. */
  readonly active?: string;
  /** What the method stores in this flow; see `OpenSealedContext`. */
  readonly sealed?: JsonObject;
  /** The form shows no other method from now on. */
  readonly isOnlyMethod?: boolean;
  /** What to record in the person's security events as refused. */
  readonly event?: MethodEvent;
  /** Whose account it was, where a sign-in is refused: recorded in their security events. */
  readonly refused?: { readonly identityId: string; readonly reason: RefusalReason };
  /** It may hold in a moment: another server did not answer, and nothing was used up. */
  readonly transient?: boolean;
}

/**
 * Consumes a single-use token in the transaction of its effect. False: it was
 * consumed before, so nothing is written. It may run again after a deadlock.
 */
export type Consume = (tx: Sql) => Promise<boolean>;

/** Creates a rejection. */
export const rejected = (
  messages: readonly FormMessage[],
  submittedValues?: SubmittedValues,
  active?: string,
): Rejected => ({
  kind: "rejected",
  messages,
  ...(submittedValues && { submittedValues }),
  ...(active !== undefined && { active }),
});

/** Says at a field that it must be filled in. */
export const missingField = (name: string): FormMessage => ({
  node: name,
  text: uiText(messages.required, { property: name }),
});

/** The credential that was verified: nobody is signed in by one that has been replaced since. */
export interface VerifiedCredential {
  readonly type: string;
  /** As it was read; undefined where the person has no secret of this type. */
  readonly version: number | undefined;
  /** The secret part to renew, such as a better hash of the same password. */
  readonly renewed?: JsonObject;
}

/** What is written with a step of a flow, and what happens afterwards. */
export interface StepEffect {
  /**
   * Writes in the transaction of the step, such as a message that goes out. It may run again, after a deadlock or where
   * another request has written the flow meanwhile.
   *
   * @param stored what the method stores in the flow so far; undefined: nothing
   * @returns what it stores beside `sealed` of the step
   */
  readonly inTransaction: (tx: Sql, stored: JsonObject | undefined) => Promise<JsonObject>;
  /** Once it is committed. */
  readonly afterCommit: () => void;
}

/** Another step of the same flow. */
export interface NextStep {
  readonly kind: "next_step";
  /** The state that the flow goes on in, as clients know it. */
  readonly state: "choose_method" | "sent_email";
  /** The method the form goes on with, where it says so. */
  readonly active?: string;
  /** What the method stores in this flow; see `OpenSealedContext`. */
  readonly sealed?: JsonObject;
  /** In a registration of two steps: which one is next. */
  readonly step?: "traits" | "credentials";
  /** In a login of two steps: what each method shows in the second, by its name; others show nothing. */
  readonly offers?: JsonObject;
  readonly effect?: StepEffect;
  readonly submittedValues: SubmittedValues;
  readonly messages: readonly FormMessage[];
}

/**
 * What a method stores in a flow, opened. The flow has it encrypted, bound to
 * flow and method; methods have no clear-text context. Undefined when there is
 * nothing, or it cannot be opened any more.
 */
export type OpenSealedContext = (method: string) => JsonObject | undefined;
