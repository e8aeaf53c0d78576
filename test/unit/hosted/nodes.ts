import { textsOf } from "../../../src/hosted/texts.ts";
import { createView, type View } from "../../../src/hosted/view.ts";
import type { WireInput, WireNode, WireText } from "../../../src/hosted/wire.ts";

/** A text of the API. */
export const text = (words: string, type: WireText["type"] = "info", context?: WireText["context"]): WireText => ({
  id: 1,
  text: words,
  type,
  ...(context && { context }),
});

/** An input node as the API answers it. */
export const input = (
  group: string,
  given: Partial<WireInput> & { readonly name: string },
  label?: string,
  messages: readonly WireText[] = [],
): WireNode => ({
  group,
  attributes: { node_type: "input", type: "text", disabled: false, ...given },
  messages,
  meta: label === undefined ? {} : { label: text(label) },
});

/** A button that submits. */
export const submit = (group: string, name: string, value: string, label: string): WireNode =>
  input(group, { name, value, type: "submit" }, label);

export const csrf = input("default", { name: "csrf_token", type: "hidden", value: "token", required: true });

/** What forms are rendered with: English, and rules for passwords. */
export const viewOf = (
  nodes: readonly WireNode[],
  pages: readonly string[] = ["login"],
  language: "en" | "de" | "ar" = "en",
): View => createView(textsOf(language), { pages, rules: { minLength: 8, unlikeIdentifier: true }, nodes });
