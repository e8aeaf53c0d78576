import { attributes, type Html, html } from "./html.ts";
import type { PlacedNode } from "./place-nodes.ts";
import type { View } from "./view.ts";
import type { WireNode } from "./wire.ts";

/** Whether a password is chosen here, rather than given. */
export const choosesPassword = ({ attributes: given }: WireNode): boolean =>
  given.node_type === "input" && given.type === "password" && given.autocomplete === "new-password";

/**
 * Renders the field of a password. Where one is chosen, the rules in force
 * stand below it. A script adds the button that shows what was submitted, and marks
 * the rules that hold; what it says, it finds here.
 */
export const renderPassword = (
  { id, node }: PlacedNode,
  given: Readonly<Record<string, string | number | boolean | undefined>>,
  view: View,
): Html => {
  const { texts, rules } = view;
  const chooses = choosesPassword(node);
  const shown = { "data-show": texts.text("password.show"), "data-hide": texts.text("password.hide") };
  const said = chooses
    ? {
        "data-weak": texts.text("password.strength.weak"),
        "data-ok": texts.text("password.strength.ok"),
        "data-good": texts.text("password.strength.good"),
      }
    : {};
  const length = texts.text("password.rule.length", { count: rules.minLength });
  return html`<div${attributes({ class: "secret", ...shown, ...said })}>
<input${attributes({ type: "password", ...given })}></div>
  ${
    chooses &&
    html`<ul class="rules" id="${id}-rules">
<li${attributes({ "data-min-length": rules.minLength })}>${length}</li>${
      rules.unlikeIdentifier && html`<li data-unlike-identifier>${texts.text("password.rule.different")}</li>`
    }</ul>`
  }`;
};
