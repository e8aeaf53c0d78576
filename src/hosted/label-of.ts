import { placeOf, type View } from "./view.ts";
import { findWellKnownField } from "./well-known-field.ts";
import type { WireNode, WireText } from "./wire.ts";

/** A name that programs use, for people: `traits.name.first` → `Name first`, `lookup_secret` → `Lookup secret`. */
export const spellOut = (name: string): string => {
  const words = name
    .replace(/^traits\./, "")
    .split(/[._\s-]+/)
    .join(" ")
    .trim();
  return words === "" ? name : (words[0] ?? "").toUpperCase() + words.slice(1);
};

/** The message that is the title of a trait, as the identity schema has it (docs/messages.md). */
const title = 1070002;

/**
 * How a node is called on screen. The titles of traits are in the schema's one
 * language: those that every site has are translated, in English they stand as
 * they are. Fields without a title are called by what they are, else by name.
 */
export const labelOf = (node: WireNode, view: View): string => {
  const { attributes, meta } = node;
  const given = meta?.label ?? (attributes.node_type === "input" ? attributes.label : undefined);
  if (given !== undefined)
    return given.id === title ? titleOf(given, view) : view.texts.message(given, placeOf(view, node));
  if (attributes.node_type !== "input") return "";
  return wellKnown(attributes.name, view) ?? spellOut(attributes.name);
};

const titleOf = ({ text }: WireText, view: View): string =>
  (view.texts.language === "en" ? undefined : wellKnown(text, view)) ?? text;

const wellKnown = (name: string, { texts }: View): string | undefined => {
  const known = findWellKnownField(name);
  return known && texts.find([`field.${known.key}`]);
};
