import type { PageDeps } from "./facts.ts";
import type { FlowPage } from "./flow-page.ts";
import { formPage } from "./form-page.ts";
import { createView } from "./view.ts";

/** Creates the page on which people confirm an address. */
export const createVerificationPage = ({ facts }: PageDeps): FlowPage => ({
  kind: "verification",
  carried: ["return_to"],
  show: async (flow, { texts }) => {
    const view = createView(texts, { pages: ["verification"], rules: facts.passwordRules, nodes: flow.ui.nodes ?? [] });
    return formPage(flow, view, {
      title: "verification.title",
      lead: (flow.ui.messages ?? []).length === 0 && texts.text("verification.lead"),
      draft: "verification",
      below: false,
    });
  },
});
