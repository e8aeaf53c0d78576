import { fieldKindOf } from "./field-kind.ts";
import { attributes, type Html, html } from "./html.ts";
import type { PlacedNode } from "./place-nodes.ts";
import { providerMark } from "./provider-mark.ts";
import { renderNodeMessages } from "./render-messages.ts";
import { choosesPassword, renderPassword } from "./render-password.ts";
import type { View } from "./view.ts";
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
export const renderInput = (placed: PlacedNode, input: WireInput, view: View): Html => {
  if (input.type === "hidden")
    return html`<input${attributes({
      type: "hidden",
      name: input.name,
      value: textOf(input.value),
      "data-onload-trigger": input.onloadTrigger,
    })}>`;
  if (input.type === "submit" || input.type === "button") return renderButton(placed, input, view);
  if (input.type === "checkbox") return renderCheckbox(placed, input);
  const { id, label } = placed;
  const hint = fieldKindOf(input) === "datetime" ? view.texts.text("hint.datetime") : undefined;
  const given = { ...common(placed, input, hint !== undefined), autocomplete: view.autocomplete(input) };
  return html`<div class="field">
  <label for="${id}">${label}${
    isOptional(input) && html` <span class="optional">${view.texts.text("optional")}</span>`
  }</label>
  ${hint !== undefined && html`<p class="hint" id="${id}-hint">${hint}</p>`}
  ${renderControl(placed, input, given, view)}
  ${renderNodeMessages(placed)}
</div>`;
};

/** Needed for what one button of its form does, and not for the others: the API does not call it required. */
const neededForOne: ReadonlySet<string> = new Set(["webauthn_register_displayname"]);

const isOptional = ({ name, required }: WireInput): boolean => required !== true && !neededForOne.has(name);

type Given = Readonly<Record<string, string | number | boolean | undefined>>;

const renderControl = (placed: PlacedNode, input: WireInput, given: Given, view: View): Html => {
  if (input.options && input.options.length > 0) return renderSelect(input, given);
  if (input.type === "password") return renderPassword(placed, given, view);
  return renderEntry(input, given);
};

const entries: Readonly<Record<string, Given>> = {
  number: { type: "text", inputmode: "decimal" },
  "datetime-local": { type: "text" },
  email: { type: "email" },
  tel: { type: "tel" },
  url: { type: "url" },
  date: { type: "date" },
};

const renderEntry = (input: WireInput, given: Given): Html =>
  html`<input${attributes({
    ...(entries[input.type] ?? { type: "text" }),
    ...given,
    value: input.value === undefined || input.value === null ? undefined : textOf(input.value),
    maxlength: input.maxlength,
    ...writing(input, given.autocomplete),
  })}>`;

/** Names, addresses and the like are written as they are, whatever a phone's keyboard thinks; codes are digits. */
const writing = (input: WireInput, autocomplete: unknown): Given => {
  if (autocomplete === "one-time-code")
    return { class: "code", ...(input.name === "totp_code" && { inputmode: "numeric" }), ...verbatim };
  return input.type === "text" && /\b(?:username|email|tel|url)\b/.test(String(autocomplete ?? "")) ? verbatim : {};
};

const verbatim: Given = { autocapitalize: "none", autocorrect: "off", spellcheck: "false" };

const renderSelect = (input: WireInput, given: Given): Html => {
  const current = textOf(input.value);
  const choices = (input.options ?? []).map((option) => textOf(option.value));
  // A refused value is shown again; and a field that may stay empty can be emptied.
  const unlisted = choices.includes(current) ? [] : [current];
  const all = [
    ...(input.required !== true && current !== "" && !choices.includes("") ? [""] : []),
    ...unlisted,
    ...choices,
  ];
  return html`<select${attributes(given)}>${all.map(
    (choice) =>
      html`<option${attributes({ value: choice, selected: choice === current })}>${
        choice === "" ? "–" : choice
      }</option>`,
  )}</select>`;
};

/**
 * A box that is not ticked sends nothing, so a hidden field of the same name says `false` before it; the last value
 * counts. Where there is no value yet and may be none, nothing is said: an untouched form is no answer.
 */
const renderCheckbox = (placed: PlacedNode, input: WireInput): Html => {
  const { id, label } = placed;
  const isTicked = input.value === true || input.value === "true" || input.value === "on";
  const hasAnswer = (input.value !== undefined && input.value !== null) || input.required === true;
  const no =
    hasAnswer &&
    html`<input${attributes({ type: "hidden", name: input.name, value: "false", disabled: input.disabled })}>`;
  return html`<div class="field checkbox">
  ${no}
  <input${attributes({ type: "checkbox", ...common(placed, input, false), value: "true", checked: isTicked })}>
  <label for="${id}">${label}</label>
  ${renderNodeMessages(placed)}
</div>`;
};

/** How a button looks: that of the chosen method stands out, a step back does not, what takes something away warns. */
const lookOf = (input: WireInput): string => {
  if (input.name === "screen") return "quiet";
  if (/(?:^unlink$|_remove$|_unlink$|_disable$)/.test(input.name)) return "danger";
  return input.name === "method" || /_(?:register|confirm)$/.test(input.name) ? "primary" : "secondary";
};

const renderButton = (placed: PlacedNode, input: WireInput, view: View): Html => {
  const { id, label, messages, node } = placed;
  const needsScript = input.type === "button";
  const isProvider =
    input.name === "provider" && view.pages.some((page) => page === "login" || page === "registration");
  const provider = node.meta?.label?.context?.provider;
  return html`<div class="action"><button${attributes({
    type: needsScript ? "button" : "submit",
    class: lookOf(input),
    id,
    name: input.name,
    value: textOf(input.value),
    disabled: input.disabled,
    "aria-describedby": messages.length > 0 ? `${id}-messages` : undefined,
    onclick: input.onclickTrigger ? undefined : input.onclick,
    "data-onclick-trigger": input.onclickTrigger,
    "data-failed": input.onclickTrigger && view.texts.text("key.failed"),
  })}>${
    isProvider && typeof provider === "string" && providerMark(textOf(input.value), provider)
  }<span>${label}</span></button>${
    needsScript && html`<noscript><p class="hint">${view.texts.text("needs_script")}</p></noscript>`
  }
  ${renderNodeMessages(placed)}</div>`;
};

const common = ({ id, messages, node }: PlacedNode, input: WireInput, hasHint: boolean): Given => {
  const rules = choosesPassword(node) ? [`${id}-rules`] : [];
  const described = [
    ...(hasHint ? [`${id}-hint`] : []),
    ...rules,
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
