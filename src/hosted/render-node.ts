import { attributes, type Html, html } from "./html.ts";
import type { PlacedNode } from "./place-nodes.ts";
import { renderInput } from "./render-input.ts";
import { renderNodeMessages } from "./render-messages.ts";
import { safeUrl } from "./safe-url.ts";
import { placeOf, type View } from "./view.ts";
import type { WireText } from "./wire.ts";

/**
 * Renders one node of a form, whatever method it is of. Scripts are not among
 * them: the page loads them once, see page.ts. What is unknown prints nothing.
 */
export const renderNode = (placed: PlacedNode, view: View): Html => {
  const { node, id, label } = placed;
  const given = node.attributes;
  const said = (text: WireText): string => view.texts.message(text, placeOf(view, node));
  switch (given.node_type) {
    case "input":
      return renderInput(placed, given, view);
    case "text":
      return html`<div class="field" id="${id}">${label !== "" && html`<p class="label">${label}</p>`}
  ${renderText(given.text, given.id, view, said)}${renderNodeMessages(placed)}</div>`;
    case "img":
      return html`<figure id="${id}"><img${attributes({
        id: given.id,
        src: safeUrl(given.src, "image"),
        width: given.width,
        height: given.height,
        alt: label,
      })}>${label !== "" && html`<figcaption>${label}</figcaption>`}${renderNodeMessages(placed)}</figure>`;
    case "a":
      return html`<p id="${id}"><a${attributes({ id: given.id, href: safeUrl(given.href) })}>${said(given.title)}</a>
</p>${renderNodeMessages(placed)}`;
    case "div":
      return html`<div${attributes({ id: given.id, class: given.class, ...dataOf(given.data ?? {}) })}></div>`;
    default:
      return html``;
  }
};

/**
 * A text to read or to copy, by a button that a script adds. Several secrets
 * come as one text for old clients, and one by one in its context.
 */
const renderText = (text: WireText, id: string, { texts }: View, said: (text: WireText) => string): Html => {
  const copies = attributes({ id, "data-copy": texts.text("copy"), "data-copied": texts.text("copied") });
  const secrets = text.context?.secrets;
  if (!Array.isArray(secrets)) return html`<p class="copy"${copies}><code>${said(text)}</code></p>`;
  const item = (secret: WireText | null): Html => html`<li><code>${secret && said(secret)}</code></li>`;
  return html`<ul class="copy"${copies}>${secrets.map(item)}</ul>`;
};

const dataOf = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name.startsWith("data-") ? name : `data-${name}`, value]),
  );
