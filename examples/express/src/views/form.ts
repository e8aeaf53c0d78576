import { type Html, html } from "../html.ts";
import type { Flow } from "../ostiary.ts";
import { input } from "./input.ts";

/** The generic form view: the nodes of one group, with those of all groups. It is posted to this application. */
export const form = (action: string, { ui }: Flow, group: string): Html => {
  const nodes = ui.nodes.filter((node) => node.group === "default" || node.group === group);
  return html`
    <form method="post" action="${action}" novalidate data-group="${group}">
      ${nodes.map((node) => html`<div>${input(node)}</div>`)}
    </form>`;
};

/** The groups of a flow that have nodes, in their order. */
export const groupsOf = ({ ui }: Flow): readonly string[] =>
  [...new Set(ui.nodes.map(({ group }) => group))].filter((group) => group !== "default");
