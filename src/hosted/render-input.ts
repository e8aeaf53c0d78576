import { attributes, type Html, html } from "./html.ts";
import type { PlacedNode } from "./place-nodes.ts";
import { renderNodeMessages } from "./render-messages.ts";
import type { WireInput } from "./wire.ts";

/**
 * Renders a form field or a button.
 *
 * The API alone judges what is entered: it knows the identity schema and says
 * what is wrong in words, beside the field. So nothing here lets a browser
 * correct, cut or drop an entry before it is sent: numbers and instants are
 * text fields (browsers send nothing at all for a number they cannot read, and
 * take no instant with a time zone), passwords have no `maxlength`, and
 * `pattern`, which HTML reads differently from JSON Schema, is not used.
 */
export const renderInput = (placed: PlacedNode, input: WireInput): Html => {
  if (input.type === "hidden")
    return html`<input${attributes({ type: "hidden", name: input.name, value: textOf(input.value) })}>`;
  if (input.type === "submit" || input.type === "button") return renderButton(placed, input);
  if (input.type === "checkbox") return renderCheckbox(placed, input);
  const { id, label, node } = placed;
  const hint = hints[input.type];
  return html`<div class="field">
  <label for="${id}">${label}${input.required !== true && html` <span class="optional">(optional)</span>`}</label>
  ${hint !== undefined && html`<p class="hint" id="${id}-hint">${hint}</p>`}
  ${input.options && input.options.length > 0 ? renderSelect(placed, input) : renderEntry(placed, input)}
  ${renderNodeMessages(node.messages ?? [], id)}
</div>`;
};

const hints: Readonly<Record<string, string>> = {
  "datetime-local": "With the time zone, for example 2030-01-31T09:30:00Z",
};

const entries: Readonly<Record<string, { readonly type: string; readonly inputmode?: string }>> = {
  number: { type: "text", inputmode: "decimal" },
  "datetime-local": { type: "text" },
  password: { type: "password" },
  email: { type: "email" },
  tel: { type: "tel" },
  url: { type: "url" },
  date: { type: "date" },
};

const renderEntry = (placed: PlacedNode, input: WireInput): Html =>
  html`<input${attributes({
    ...(entries[input.type] ?? { type: "text" }),
    ...common(placed, input),
    value: input.value === undefined || input.value === null ? undefined : textOf(input.value),
    autocomplete: input.autocomplete,
    maxlength: input.type === "password" ? undefined : input.maxlength,
    ...verbatim(input),
  })}>`;

/** Names, addresses and the like are written as they are, whatever a phone's keyboard thinks. */
const verbatim = (input: WireInput) =>
  input.type === "text" && input.autocomplete !== undefined
    ? { autocapitalize: "none", autocorrect: "off", spellcheck: "false" }
    : {};

const renderSelect = (placed: PlacedNode, input: WireInput): Html => {
  const current = textOf(input.value);
  const choices = (input.options ?? []).map((option) => textOf(option.value));
  // A refused value is shown again; and a field that may stay empty can be emptied.
  const unlisted = choices.includes(current) ? [] : [current];
  const all = [
    ...(input.required !== true && current !== "" && !choices.includes("") ? [""] : []),
    ...unlisted,
    ...choices,
  ];
  return html`<select${attributes(common(placed, input))}>${all.map(
    (choice) =>
      html`<option${attributes({ value: choice, selected: choice === current })}>${choice === "" ? "–" : choice}</option>`,
  )}</select>`;
};

/**
 * A box that is not ticked sends nothing, so a hidden field of the same name says `false` before it; the last value
 * counts. Where there is no value yet and may be none, nothing is said: an untouched form is no answer.
 */
const renderCheckbox = (placed: PlacedNode, input: WireInput): Html => {
  const { id, label, node } = placed;
  const isTicked = input.value === true || input.value === "true" || input.value === "on";
  const hasAnswer = (input.value !== undefined && input.value !== null) || input.required === true;
  const no =
    hasAnswer &&
    html`<input${attributes({ type: "hidden", name: input.name, value: "false", disabled: input.disabled })}>`;
  return html`<div class="field checkbox">
  ${no}
  <input${attributes({ type: "checkbox", ...common(placed, input), value: "true", checked: isTicked })}>
  <label for="${id}">${label}</label>
  ${renderNodeMessages(node.messages ?? [], id)}
</div>`;
};

/** Buttons of the chosen method stand out; those that lead elsewhere or take something away do not. */
const renderButton = (placed: PlacedNode, input: WireInput): Html => {
  const { id, label, node } = placed;
  const needsScript = input.type === "button";
  const look = input.name === "method" ? "primary" : "secondary";
  return html`<div class="action"><button${attributes({
    type: needsScript ? "button" : "submit",
    class: look,
    id,
    name: input.name,
    value: textOf(input.value),
    disabled: input.disabled,
    "aria-describedby": (node.messages ?? []).length > 0 ? `${id}-messages` : undefined,
    onclick: input.onclick,
    "data-onclick-trigger": input.onclickTrigger,
  })}>${label}</button>${needsScript && html`<noscript><p class="hint">This needs JavaScript, which is switched off in your browser.</p></noscript>`}
  ${renderNodeMessages(node.messages ?? [], id)}</div>`;
};

const common = ({ id, node }: PlacedNode, input: WireInput) => {
  const messages = node.messages ?? [];
  const described = [
    ...(hints[input.type] === undefined ? [] : [`${id}-hint`]),
    ...(messages.length === 0 ? [] : [`${id}-messages`]),
  ];
  return {
    id,
    name: input.name,
    required: input.required,
    disabled: input.disabled,
    "aria-invalid": messages.some((message) => message.type === "error") ? "true" : undefined,
    "aria-describedby": described.length === 0 ? undefined : described.join(" "),
  };
};

/** A value as a form sends it. */
const textOf = (value: unknown): string => {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
};
