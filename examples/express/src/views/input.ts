import { type Html, html } from "../html.ts";
import type { Node, Text } from "../ostiary.ts";

/** Messages, errors as alerts. */
export const messages = (list: readonly Text[]): readonly Html[] =>
  list.map(
    ({ id, text, type }) => html`<p role="${type === "error" ? "alert" : "status"}" data-message="${id}">${text}</p>`,
  );

/** The input element: one node of a form. */
export const input = (node: Node): Html => {
  const { attributes, meta } = node;
  const { name = "", value, disabled } = attributes;
  const label = meta.label?.text ?? name;
  switch (node.type) {
    case "a":
      return html`<a href="${attributes.href}">${attributes.title?.text}</a>`;
    case "img":
      return html`<img src="${attributes.src}" alt="${label}" />`;
    case "text":
      return html`<p>${attributes.text?.text}</p>`;
    case "script":
    case "div":
      return html``;
    default:
  }
  switch (attributes.type) {
    case "hidden":
      return html`<input type="hidden" name="${name}" value="${value}" />`;
    case "submit":
    case "button":
      return html`<button name="${name}" value="${value}"${disabled && html` disabled`}>${label}</button>`;
    case "checkbox":
      return html`
        <input type="hidden" name="${name}" value="false" />
        <label><input type="checkbox" name="${name}" value="true"${value === true && html` checked`} /> ${label}</label>
        ${messages(node.messages)}`;
    default:
      return html`<label>${label} ${field(node)}</label>${messages(node.messages)}`;
  }
};

/** Where something is typed or chosen. */
const field = ({ attributes }: Node): Html => {
  const { name, type, value, required, disabled, autocomplete, options } = attributes;
  const rest = html`name="${name}"${required && html` required`}${disabled && html` disabled`}`;
  if (options === undefined)
    return html`<input type="${type}" ${rest} value="${value}"${
      autocomplete && html` autocomplete="${autocomplete}"`
    } />`;
  const choices = options.map(
    (option) => html`<option${option.value === value && html` selected`}>${option.value}</option>`,
  );
  return html`<select ${rest}><option></option>${choices}</select>`;
};
