import type { TextKey } from "./catalogues.ts";
import { type Content, html } from "./html.ts";
import type { Page } from "./page.ts";
import { type CardOptions, renderForms } from "./render-forms.ts";
import { usernameIn } from "./username.ts";
import type { View } from "./view.ts";
import type { WireFlow, WireUi } from "./wire.ts";

/** What stands around the form of a page. */
export interface FormPageOptions extends CardOptions {
  readonly title: TextKey;
  readonly lead?: Content;
  /** Stands above the form. */
  readonly above?: Content;
  /** Stands below the form. */
  readonly below: Content;
}

/** A page that is little more than the form of a flow. */
export const formPage = (
  flow: WireFlow,
  view: View,
  { title, lead, above, below, ...card }: FormPageOptions,
): Page => ({
  title: view.texts.text(title),
  lead,
  mood: hasErrors(flow.ui) ? "error" : undefined,
  nodes: flow.ui.nodes ?? [],
  body: html`${above}${usernameLine(flow, view)}${renderForms(flow.ui, view, card)}
${below}`,
});

/** Whom a form is about, when it does not ask. */
const usernameLine = ({ ui }: WireFlow, { texts }: View): Content => {
  const carried = (ui.nodes ?? []).flatMap(({ attributes }) => (attributes.node_type === "input" ? [attributes] : []));
  const username = usernameIn(carried);
  return (
    username !== undefined &&
    html`<p class="chip"><span class="avatar" aria-hidden="true">${[...username][0]?.toUpperCase()}</span><span><span
  class="hidden">${texts.text("refresh.account")} </span><bdi>${username}</bdi></span></p>`
  );
};

/** Whether anything in a form needs attention. */
export const hasErrors = (ui: WireUi): boolean =>
  [...(ui.messages ?? []), ...(ui.nodes ?? []).flatMap((node) => node.messages ?? [])].some(
    (message) => message.type === "error",
  );
