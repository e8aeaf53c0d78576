import type { PageDeps } from "./facts.ts";
import type { FlowPage } from "./flow-page.ts";
import { formPage } from "./form-page.ts";
import { html } from "./html.ts";
import { createView } from "./view.ts";

/** Creates the page on which people get back into their account. */
export const createRecoveryPage = ({ facts, initUrl }: PageDeps): FlowPage => ({
  kind: "recovery",
  carried: ["return_to", "skip_settings"],
  show: async (flow, { texts }) => {
    const view = createView(texts, { pages: ["recovery"], rules: facts.passwordRules, nodes: flow.ui.nodes ?? [] });
    return formPage(flow, view, {
      title: "recovery.title",
      lead: (flow.ui.messages ?? []).length === 0 && texts.text("recovery.lead"),
      draft: "recovery",
      below: html`<p class="aside">
<a href="${initUrl("login", { return_to: flow.return_to })}">${texts.text("recovery.back")}</a></p>`,
    });
  },
});
