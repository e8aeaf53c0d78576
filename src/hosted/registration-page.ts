import type { PageDeps } from "./facts.ts";
import type { FlowPage } from "./flow-page.ts";
import { formPage } from "./form-page.ts";
import { html } from "./html.ts";
import { providerName } from "./provider-mark.ts";
import type { Texts } from "./texts.ts";
import { createView } from "./view.ts";
import type { WireFlow, WireNode, WireText } from "./wire.ts";

/** Messages that say that an account is there already, or that something is missing (docs/messages.md). */
const conflicts = new Set([4000007, 4000027, 4000028]);
const missing = 4000002;

/** Creates the page on which people sign up. */
export const createRegistrationPage = ({ facts, initUrl }: PageDeps): FlowPage => ({
  kind: "registration",
  carried: ["return_to", "login_challenge", "after_verification_return_to", "organization", "identity_schema"],
  show: async (given, { texts }) => {
    const flow = afterProvider(given) ? filledIn(given, texts) : given;
    const nodes = flow.ui.nodes ?? [];
    const view = createView(texts, {
      pages: [...(isFirstStep(nodes) ? ["first_step"] : []), "registration"],
      rules: facts.passwordRules,
      nodes,
    });
    const login = initUrl("login", { return_to: flow.return_to });
    const hasConflict = messagesIn(flow).some(({ id }) => conflicts.has(id));
    return formPage(flow, view, {
      title: "registration.title",
      draft: "registration",
      ...(hasConflict && {
        moreOnErrors: html`<p><a href="${login}">${texts.text("registration.sign_in_instead")}</a></p>`,
      }),
      below: html`<p class="aside">${texts.text("registration.has_account")} <a
  href="${login}">${texts.text("registration.sign_in")}</a></p>`,
    });
  },
});

/** Whether only who one is is asked for, and how one signs in comes next. */
const isFirstStep = (nodes: readonly WireNode[]): boolean =>
  nodes.some(
    ({ group, attributes }) => group === "profile" && attributes.node_type === "input" && attributes.type === "submit",
  ) && !nodes.some(({ group }) => group === "password");

const messagesIn = ({ ui }: WireFlow): readonly WireText[] => [
  ...(ui.messages ?? []),
  ...(ui.nodes ?? []).flatMap((node) => node.messages ?? []),
];

/** Whether a provider has led back here, and all that is wrong is that it did not tell everything. */
const afterProvider = ({ active, ui }: WireFlow): boolean => {
  const buttons = (ui.nodes ?? []).filter(
    ({ attributes }) => attributes.node_type === "input" && attributes.type === "submit",
  );
  const errors = messagesIn({ id: "", ui }).filter(({ type }) => type === "error");
  return (
    active === "oidc" &&
    errors.length > 0 &&
    errors.every(({ id }) => id === missing) &&
    buttons.every(({ group }) => group === "oidc")
  );
};

/** The provider that led here goes on with the form. */
const providerIn = ({ ui }: WireFlow): string => {
  const buttons = (ui.nodes ?? []).flatMap(({ attributes }) =>
    attributes.node_type === "input" && attributes.name === "provider" ? [attributes.value] : [],
  );
  return providerName(String(buttons[0] ?? ""));
};

/** What is missing is asked for, not complained about: it is nobody's fault. */
const filledIn = (flow: WireFlow, texts: Texts): WireFlow => ({
  ...flow,
  ui: {
    ...flow.ui,
    messages: [
      ...(flow.ui.messages ?? []),
      { id: 0, type: "info", text: texts.text("provider.missing", { provider: providerIn(flow) }) },
    ],
    nodes: (flow.ui.nodes ?? []).map((node) => ({
      ...node,
      messages: (node.messages ?? []).filter(({ id }) => id !== missing),
    })),
  },
});
