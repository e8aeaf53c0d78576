import { attributes, type Html, html } from "./html.ts";
import type { PlacedNode } from "./place-nodes.ts";
import { renderInput } from "./render-input.ts";
import { renderNodeMessages } from "./render-messages.ts";
import { safeUrl } from "./safe-url.ts";
import type { WireText } from "./wire.ts";

/**
 * Renders one node of a form, whatever method it is of. Scripts are not among
 * them: the page loads them once, see page.ts. What is unknown prints nothing.
 */
export const renderNode = (placed: PlacedNode): Html => {
  const { node, id, label } = placed;
  const given = node.attributes;
  switch (given.node_type) {
    case "input":
      return renderInput(placed, given);
    case "text":
      return html`<div class="field" id="${id}">${label !== "" && html`<p class="label">${label}</p>`}
  ${renderText(given.text, given.id)}${renderNodeMessages(node.messages ?? [], id)}</div>`;
    case "img":
      return html`<figure id="${id}"><img${attributes({
        id: given.id,
        src: safeUrl(given.src, "image"),
        width: given.width,
        height: given.height,
        alt: label,
      })}>${label !== "" && html`<figcaption>${label}</figcaption>`}${renderNodeMessages(node.messages ?? [], id)}</figure>`;
    case "a":
      return html`<p id="${id}"><a${attributes({ id: given.id, href: safeUrl(given.href) })}>${given.title.text}</a></p>${renderNodeMessages(node.messages ?? [], id)}`;
    case "div":
      return html`<div${attributes({ id: given.id, class: given.class, ...dataOf(given.data ?? {}) })}></div>`;
    default:
      return html``;
  }
};

/** A text to read or to copy. Several secrets come as one text for old clients, and one by one in its context. */
const renderText = (text: WireText, id: string): Html => {
  const secrets = text.context?.secrets;
  if (!Array.isArray(secrets)) return html`<p class="copy" id="${id}">${text.text}</p>`;
  return html`<ul class="copy" id="${id}">${secrets.map((secret: Partial<WireText> | null) => html`<li>${secret?.text}</li>`)}</ul>`;
};

const dataOf = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name.startsWith("data-") ? name : `data-${name}`, value]),
  );
