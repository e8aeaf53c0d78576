import { type ArrangedForm, arrangeForms, type FormPart, isButtonsOnly } from "./arrange-forms.ts";
import { groupTitle } from "./group-title.ts";
import { attributes, type Html, html } from "./html.ts";
import { type PlacedNode, placeNodes } from "./place-nodes.ts";
import { renderFormMessages } from "./render-messages.ts";
import { renderNode } from "./render-node.ts";
import { safeUrl } from "./safe-url.ts";
import type { WireUi } from "./wire.ts";

/**
 * Renders the form of a flow: its messages, then one or several `<form>`s that
 * a browser sends to the API by itself. They are `novalidate`: see
 * render-input.ts.
 *
 * @param how `sections`: every method under a heading of its own; `card`: what belongs together in one form
 */
export const renderForms = (ui: WireUi, how: "sections" | "card"): Html => {
  const placed = placeNodes(ui.nodes ?? []);
  const forms = arrangeForms(placed, how === "sections" ? "apart" : "together");
  const isHeaded = how === "sections" || forms.filter((form) => !form.parts.every(isButtonsOnly)).length > 1;
  return html`${renderFormMessages(ui.messages ?? [], placed)}
${forms.map((form, at) => html`${!isHeaded && at > 0 && or}${renderForm(ui, form, isHeaded)}`)}`;
};

const or = html`<p class="or">or</p>`;

const renderForm = (ui: WireUi, form: ArrangedForm, isHeaded: boolean): Html => {
  const group = form.parts.at(-1)?.group ?? "default";
  const title = `section-${group.replace(/[^\w-]/g, "")}`;
  return html`<form${attributes({
    action: safeUrl(ui.action),
    method: ui.method.toLowerCase() === "get" ? "get" : "post",
    novalidate: true,
    "aria-labelledby": isHeaded ? title : undefined,
  })}>
${isHeaded && html`<h2 id="${title}">${groupTitle(group)}</h2>`}
${form.parts.map((part, at) => html`${setApart(form, part, at) && or}${part.nodes.map(renderNode)}`)}
</form>
`;
};

/** Buttons of another method stand apart from what is entered before them. */
const setApart = ({ parts }: ArrangedForm, part: FormPart, at: number): boolean =>
  at > 1 && isButtonsOnly(part) && part.nodes.some(({ isVisible }) => isVisible) && hasAction(parts[at - 1]);

const hasAction = (part: FormPart | undefined): boolean => part?.nodes.some((placed: PlacedNode) => placed.part === "button") ?? false;
