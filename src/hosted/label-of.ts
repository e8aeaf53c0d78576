import type { WireNode } from "./wire.ts";

/** A name that programs use, for people: `traits.name.first` → `Name first`, `lookup_secret` → `Lookup secret`. */
export const spellOut = (name: string): string => {
  const words = name
    .replace(/^traits\./, "")
    .split(/[._\s-]+/)
    .join(" ")
    .trim();
  return words === "" ? name : (words[0] ?? "").toUpperCase() + words.slice(1);
};

/** How a node is called on screen. Fields whose schema gives no title are called by their name. */
export const labelOf = ({ attributes, meta }: WireNode): string => {
  if (meta?.label) return meta.label.text;
  if (attributes.node_type !== "input") return "";
  return attributes.label?.text ?? spellOut(attributes.name);
};
