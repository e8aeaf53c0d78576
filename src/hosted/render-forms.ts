import { type ArrangedForm, arrangeForms, type FormPart, isButtonsOnly } from "./arrange-forms.ts";
import { groupTitle } from "./group-title.ts";
import { attributes, type Html, html } from "./html.ts";
import { type PlacedNode, placeNodes } from "./place-nodes.ts";
import { renderFormMessages } from "./render-messages.ts";
import { renderNode } from "./render-node.ts";
import { safeUrl } from "./safe-url.ts";
import { renderUsername } from "./username.ts";
import type { WireUi } from "./wire.ts";

/** How a flow is laid out. */
export interface Layout {
  /** `sections`: every method under a heading of its own; `card`: what belongs together in one form. */
  readonly how: "sections" | "card";
  /** Whose account it is, if the form itself does not say. */
  readonly username?: string;
}

/**
 * Renders the form of a flow: its messages, then one or several `<form>`s that
 * a browser sends to the API by itself. They are `novalidate`: see
 * render-input.ts.
 */
export const renderForms = (ui: WireUi, { how, username }: Layout): Html => {
  const placed = placeNodes(ui.nodes ?? []);
  const forms = arrangeForms(placed, how === "sections" ? "apart" : "together");
  const isHeaded = how === "sections" || forms.filter((form) => !form.parts.every(isButtonsOnly)).length > 1;
  const render = (form: ArrangedForm): Html => renderForm(ui, form, isHeaded, username);
  return html`${renderFormMessages(ui.messages ?? [], placed)}
${forms.map((form, at) => html`${!isHeaded && at > 0 && form.parts.some(isAnotherWay) && or}${render(form)}`)}`;
};

const or = html`<p class="or">or</p>`;

const renderForm = (ui: WireUi, form: ArrangedForm, isHeaded: boolean, username: string | undefined): Html => {
  const group = form.parts.at(-1)?.group ?? "default";
  const title = `section-${group.replace(/[^\w-]/g, "")}`;
  return html`<form${attributes({
    action: safeUrl(ui.action),
    method: ui.method.toLowerCase() === "get" ? "get" : "post",
    novalidate: true,
    "aria-labelledby": isHeaded ? title : undefined,
  })}>
${isHeaded && html`<h2 id="${title}">${groupTitle(group)}</h2>`}
${renderUsername(form, username)}
${form.parts.map((part, at) => html`${standsApart(form, at) && or}${part.nodes.map(renderNode)}`)}
</form>
`;
};

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
