import { type Content, html } from "./html.ts";
import type { Page } from "./page.ts";
import { renderForms } from "./render-forms.ts";
import { usernameIn } from "./username.ts";
import type { WireFlow } from "./wire.ts";

/** A page that is little more than the form of a flow. */
export const formPage = (flow: WireFlow, title: string, below: Content): Page => ({
  title,
  hasErrors: hasErrors(flow),
  nodes: flow.ui.nodes ?? [],
  body: html`${usernameLine(flow)}${renderForms(flow.ui, { how: "card" })}
${below}`,
});

/** Whom a login form is about, when it does not ask. */
const usernameLine = ({ ui }: WireFlow): Content => {
  const carried = (ui.nodes ?? []).flatMap(({ attributes }) => (attributes.node_type === "input" ? [attributes] : []));
  const username = usernameIn(carried);
  return username !== undefined && html`<p>Account: <strong>${username}</strong></p>`;
};

/** Whether anything in a form needs attention. */
export const hasErrors = ({ ui }: WireFlow): boolean =>
  [...(ui.messages ?? []), ...(ui.nodes ?? []).flatMap((node) => node.messages ?? [])].some(
    (message) => message.type === "error",
  );
