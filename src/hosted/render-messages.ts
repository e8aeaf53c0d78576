import { attributes, type Html, html } from "./html.ts";
import type { PlacedNode } from "./place-nodes.ts";
import type { WireText } from "./wire.ts";

/** The messages of one node, beside its element, which refers to them by `<id>-messages`. */
export const renderNodeMessages = (messages: readonly WireText[], id: string): Html =>
  html`${
    messages.length > 0 &&
    html`<div class="messages" id="${id}-messages">${messages.map((message) => html`<p class="message ${message.type}">${message.text}</p>`)}</div>`
  }`;

/**
 * What a form has to say as a whole. Errors come first, in one box that is read
 * out at once and leads to each field that needs attention; the rest follows,
 * each read out when there is time.
 */
export const renderFormMessages = (messages: readonly WireText[], nodes: readonly PlacedNode[]): Html => {
  const errors = messages.filter(isError);
  const fields = nodes.flatMap((placed) =>
    (placed.node.messages ?? []).filter(isError).map((error) => ({ placed, error })),
  );
  const others = messages.filter((message) => !isError(message));
  return html`${
    errors.length + fields.length > 0 &&
    html`<div class="notice error" role="alert" tabindex="-1" autofocus>
  ${fields.length > 0 && html`<h2>There is a problem</h2>`}
  ${errors.map((error) => html`<p>${error.text}</p>`)}
  ${fields.length > 0 && html`<ul>${fields.map(({ placed, error }) => html`<li>${renderLead(placed, error)}</li>`)}</ul>`}
</div>`
  }${others.map((message) => html`<div class="notice ${message.type}" role="status" aria-live="polite"><p>${message.text}</p></div>`)}`;
};

const isError = (message: WireText): boolean => message.type === "error";

/** Leads to the field, unless it is one that nobody sees. */
const renderLead = ({ id, label, isVisible }: PlacedNode, error: WireText): Html => {
  const text = label === "" || error.text.startsWith(label) ? error.text : `${label}: ${error.text}`;
  return isVisible ? html`<a${attributes({ href: `#${id}` })}>${text}</a>` : html`${text}`;
};
