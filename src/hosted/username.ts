import type { ArrangedForm } from "./arrange-forms.ts";
import { attributes, type Html, html } from "./html.ts";
import type { WireInput } from "./wire.ts";

/**
 * Tells password managers whose password a form is about, where nobody has to
 * enter that: a field out of sight, with the name and the id that they look
 * for. The API passes over it.
 */
export const renderUsername = (form: ArrangedForm, known: string | undefined): Html => {
  const inputs = form.parts.flatMap(({ nodes }) =>
    nodes.flatMap(({ node }) => (node.attributes.node_type === "input" ? [node.attributes] : [])),
  );
  if (
    !inputs.some(({ type }) => type === "password") ||
    inputs.some((input) => input.type !== "hidden" && isUsername(input))
  )
    return html``;
  const username = usernameIn(inputs) ?? known;
  if (username === undefined) return html``;
  const named = { type: "text", id: "username", name: "username", autocomplete: "username" };
  return html`<input${attributes({ ...named, value: username, readonly: true, hidden: true })}>`;
};

/** The identifier or the address that a form carries along unseen. */
export const usernameIn = (inputs: readonly WireInput[]): string | undefined => {
  const hidden = inputs.filter(({ type }) => type === "hidden");
  const carried = hidden.find(({ name }) => name === "identifier") ?? hidden.find(isUsername);
  return typeof carried?.value === "string" && carried.value !== "" ? carried.value : undefined;
};

const isUsername = ({ name, autocomplete = "" }: WireInput): boolean =>
  name === "identifier" || /\b(?:username|email|tel)\b/.test(autocomplete);
