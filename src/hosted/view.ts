import { type Autocomplete, createAutocomplete } from "./autocomplete.ts";
import { fieldKindOf } from "./field-kind.ts";
import type { Place, Texts } from "./texts.ts";
import type { WireNode } from "./wire.ts";

/** The rules for passwords in force, as far as pages show them beforehand. */
export interface PasswordRules {
  readonly minLength: number;
  /** Whether it must not be like what one signs in with. */
  readonly unlikeIdentifier: boolean;
}

/** What a form is rendered with. */
export interface View {
  readonly texts: Texts;
  /** What the page is, the most telling first: `["refresh", "login"]`. */
  readonly pages: readonly string[];
  readonly rules: PasswordRules;
  readonly autocomplete: Autocomplete;
}

/** Creates what the form of these nodes is rendered with. */
export const createView = (
  texts: Texts,
  {
    pages,
    rules,
    nodes,
  }: { readonly pages: readonly string[]; readonly rules: PasswordRules; readonly nodes: readonly WireNode[] },
): View => ({ texts, pages, rules, autocomplete: createAutocomplete(nodes) });

/** Where the messages of a node stand. */
export const placeOf = ({ pages }: View, { group, attributes }: WireNode): Place => ({
  pages,
  parts: attributes.node_type === "input" ? [fieldKindOf(attributes), group] : [group],
});
