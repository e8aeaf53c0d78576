import type { SubmittedValues } from "../../methods/contract/result.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import { readMessage, storeMessage } from "../../ui/stored-message.ts";
import type { FlowForm, FlowRecord } from "./flow.ts";

/** A form with these messages, showing what was submitted or else what is stored. */
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

/**
 * The flow after a submit that did not hold. Every submit starts from a form without messages (docs/compatibility.md,
 * rule 3). `updatedAt` is later than before, also within a millisecond and where clocks of nodes differ: it tells
 * whether somebody else has written the flow meanwhile.
 */
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
  updatedAt: new Date(Math.max(now.getTime(), flow.updatedAt.getTime() + 1)),
});

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** What a separator and the quotes around a name take. */
const perEntry = 4;

/**
 * What is stored of a form where there is room for so many bytes: a form that
 * fits as it is; of a larger one the first messages, in half of the room, and
 * the smallest of the values that were submitted. It was answered in full.
 */
export const truncateForm = (form: FlowForm, room: number): FlowForm => {
  if (bytesOf(form) <= room) return form;
  let left = room - bytesOf({ messages: [], submittedValues: {} });
  const fitting =
    (least: number) =>
    (size: number): boolean => {
      if (left - size < least) return false;
      left -= size;
      return true;
    };
  const [fitsMessage, fitsValue] = [fitting(room / 2), fitting(0)];
  const messages = form.messages.filter((message) => fitsMessage(bytesOf(message) + perEntry));
  if (form.submittedValues === null) return { messages, submittedValues: null };
  const sized = Object.entries(form.submittedValues).map(([name, value]) => ({
    name,
    value,
    size: bytesOf(name) + bytesOf(value) + perEntry,
  }));
  const stored = new Set(sized.toSorted((a, b) => a.size - b.size).filter(({ size }) => fitsValue(size)));
  return {
    messages,
    submittedValues: Object.fromEntries(
      sized.filter((entry) => stored.has(entry)).map(({ name, value }) => [name, value]),
    ),
  };
};
