import { type ArrangedForm, arrangeForms, type FormPart, isButtonsOnly } from "./arrange-forms.ts";
import { groupTitle } from "./group-title.ts";
import { attributes, type Content, type Html, html } from "./html.ts";
import { type PlacedNode, placeNodes, type SaidMessage } from "./place-nodes.ts";
import { renderFormMessages } from "./render-messages.ts";
import { renderNode } from "./render-node.ts";
import { safeUrl } from "./safe-url.ts";
import { renderUsername } from "./username.ts";
import type { View } from "./view.ts";
import type { WireUi } from "./wire.ts";

/** What stands around the forms of a card. */
export interface CardOptions {
  /** Stands below the errors: a way out. */
  readonly moreOnErrors?: Content;
  /** A script that keeps what was submitted may use this name for it. */
  readonly draft?: string;
}

/**
 * Renders the form of a flow as one card: its messages, then one or several
 * `<form>`s that a browser sends to the API by itself. They are `novalidate`:
 * see render-input.ts.
 */
export const renderForms = (ui: WireUi, view: View, { moreOnErrors, draft }: CardOptions = {}): Html => {
  const placed = placeNodes(ui.nodes ?? [], view);
  const forms = arrangeForms(placed, "together");
  const isHeaded = forms.filter((form) => !form.parts.every(isButtonsOnly)).length > 1;
  const render = (form: ArrangedForm): Html => {
    const group = form.parts.at(-1)?.group ?? "default";
    const title = isHeaded ? `section-${idOf(group)}` : undefined;
    return html`<form${formAttributes(ui, { labelledBy: title, draft })}>
${title !== undefined && html`<h2 id="${title}">${groupTitle(group, view.texts)}</h2>`}
${renderUsername(form, undefined)}
${form.parts.map((part, at) => {
  const nodes = part.nodes.map((node) => renderNode(node, view));
  if (!standsApart(form, at)) return html`${nodes}`;
  return view.pages.includes("link") ? folded(nodes, view) : html`${or(view)}${nodes}`;
})}
</form>
`;
  };
  const messages = sayMessages(ui, view, methodsOf(ui));
  return html`${renderFormMessages({ messages, nodes: placed, more: moreOnErrors }, view.texts)}
${forms.map((form, at) => {
  if (isHeaded || at === 0 || !form.parts.some(isAnotherWay)) return render(form);
  return view.pages.includes("link") ? folded([render(form)], view) : html`${or(view)}${render(form)}`;
})}`;
};

/** The attributes of a form that goes to the API. */
export const formAttributes = (
  ui: WireUi,
  given: {
    readonly labelledBy?: string | undefined;
    readonly draft?: string | undefined;
    readonly section?: string;
    readonly account?: string | undefined;
  },
): Html => {
  const action = safeUrl(ui.action);
  return attributes({
    // Redirects hand a fragment on, so that the answer opens where the form was sent from (RFC 9110, 10.2.2).
    action: action !== undefined && given.section !== undefined ? `${action}#${given.section}` : action,
    method: ui.method.toLowerCase() === "get" ? "get" : "post",
    novalidate: true,
    "aria-labelledby": given.labelledBy,
    "data-draft": given.draft,
    "data-account": given.account,
  });
};

/** The messages of a form as a whole, in the words of the page. */
export const sayMessages = (ui: WireUi, view: View, parts: readonly string[]): readonly SaidMessage[] =>
  (ui.messages ?? []).map((message) => ({
    id: message.id,
    type: message.type,
    text: view.texts.message(message, { pages: view.pages, parts: parts }),
  }));

/** The one method that a form still offers, if it is just one: some messages are about choosing. */
const methodsOf = (ui: WireUi): readonly string[] => {
  const groups = new Set(
    (ui.nodes ?? []).flatMap(({ group }) => (group === "default" || group === "profile" ? [] : [group])),
  );
  return groups.size === 1 ? [...groups] : [];
};

/** A group as part of an id. */
export const idOf = (group: string): string => group.replace(/[^\w-]/g, "");

const or = ({ texts }: View): Html => html`<p class="or">${texts.text("or")}</p>`;

/** Where nobody knows which of the ways this account has, one is enough to see. */
const folded = (nodes: readonly Html[], { texts }: View): Html =>
  html`<details class="more"><summary>${texts.text("login.link.more")}</summary>${nodes}</details>`;

/** Within a form, methods that are buttons alone stand apart from what is entered before them. */
const standsApart = ({ parts }: ArrangedForm, at: number): boolean => {
  const [part, before] = [parts[at], parts[at - 1]];
  return (
    part !== undefined &&
    before !== undefined &&
    isAnotherWay(part) &&
    !isButtonsOnly(before) &&
    before.nodes.some(isButton)
  );
};

/** Whether a group offers another method, and not just a step back. */
const isAnotherWay = (part: FormPart): boolean =>
  isButtonsOnly(part) &&
  part.nodes.some(
    (placed) =>
      isButton(placed) && placed.node.attributes.node_type === "input" && placed.node.attributes.name !== "screen",
  );

const isButton = ({ part }: PlacedNode): boolean => part === "button";
