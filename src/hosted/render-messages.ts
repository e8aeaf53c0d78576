import { attributes, type Content, type Html, html } from "./html.ts";
import { icon } from "./icon.ts";
import type { PlacedNode, SaidMessage } from "./place-nodes.ts";
import type { Texts } from "./texts.ts";

/** The messages of one node, beside its element, which refers to them by `<id>-messages`. */
export const renderNodeMessages = ({ messages, id }: Pick<PlacedNode, "messages" | "id">): Html =>
  html`${
    messages.length > 0 &&
    html`<div class="messages" id="${id}-messages">${messages.map(
      ({ type, text }) => html`<p class="message ${type}">${type === "error" && icon("alert")}<span>${text}</span></p>`,
    )}</div>`
  }`;

const icons = { error: "alert", info: "info", success: "check" } as const;

/** A box that says something about what stands below it. */
export const renderNotice = (type: SaidMessage["type"], content: Content): Html =>
  html`<div class="notice ${type}" role="status">${icon(icons[type])}<div>${content}</div></div>`;

/** What a form has to say as a whole, and what is wrong with its fields. */
export interface FormMessages {
  readonly messages: readonly SaidMessage[];
  readonly nodes: readonly PlacedNode[];
  /** Of the box with the errors. */
  readonly id?: string | undefined;
  /** Stands below the errors: a way out. */
  readonly more?: Content;
}

/**
 * What a form has to say as a whole. Errors come first, in one box that is read
 * out at once and leads to each field that needs attention; the rest follows,
 * each read out when there is time.
 */
export const renderFormMessages = ({ messages, nodes, id, more }: FormMessages, texts: Texts): Html => {
  const errors = messages.filter(isError);
  const fields = nodes.flatMap((placed) => placed.messages.filter(isError).map((error) => ({ placed, error })));
  const others = messages.filter((message) => !isError(message));
  const box = attributes({ class: "notice error", role: "alert", tabindex: -1, autofocus: true, id });
  return html`${
    errors.length + fields.length > 0 &&
    html`<div${box}>${icon("alert")}<div>
  ${fields.length > 0 && html`<h2>${texts.text("error.problem")}</h2>`}
  ${errors.map((error) => html`<p>${error.text}</p>`)}
  ${
    fields.length > 0 &&
    html`<ul>${fields.map(({ placed, error }) => html`<li>${renderLead(placed, error)}</li>`)}</ul>`
  }
  ${more}
</div></div>`
  }${others.map((message) => renderNotice(message.type, html`<p>${message.text}</p>`))}`;
};

const isError = ({ type }: SaidMessage): boolean => type === "error";

/** Leads to the field, unless it is one that nobody sees. */
const renderLead = ({ id, label, isVisible }: PlacedNode, { text }: SaidMessage): Html => {
  const said = label === "" || text.startsWith(label) ? text : `${label}: ${text}`;
  return isVisible ? html`<a${attributes({ href: `#${id}` })}>${said}</a>` : html`${said}`;
};
