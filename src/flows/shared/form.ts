import type { SubmittedValues } from "../../methods/contract/result.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import { readMessage, storeMessage } from "../../ui/stored-message.ts";
import type { FlowForm, FlowRecord } from "./flow.ts";

/** A form with these messages, showing what was typed or else what is stored. */
export const formOf = (messages: readonly FormMessage[], submittedValues?: SubmittedValues): FlowForm => ({
  messages: messages.map(storeMessage),
  submittedValues: submittedValues ?? null,
});

/** The messages of a form, split by where they stand. */
export const messagesOf = (
  form: FlowForm,
): { readonly form: readonly FormMessage["text"][]; readonly nodes: readonly FormMessage[] } => {
  const all = form.messages.map(readMessage);
  return { form: all.filter((m) => m.node === "").map((m) => m.text), nodes: all.filter((m) => m.node !== "") };
};

/** The flow after a submit that did not hold. Every submit starts from a form without messages (precedence 5). */
export const withForm = (
  flow: FlowRecord,
  form: FlowForm,
  now: Date,
  state = flow.state,
  active = flow.active,
): FlowRecord => ({
  ...flow,
  state,
  active,
  form,
  updatedAt: now,
});
