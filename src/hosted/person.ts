import { findWellKnownField } from "./well-known-field.ts";
import type { WireIdentity } from "./wire.ts";

/** A person as the pages show them. */
export interface Person {
  /** How they are greeted: by name if there is one, else as below. */
  readonly name: string;
  /** By their first address, else by the first text among their traits, else by id. */
  readonly address: string;
  /** One or two letters in place of a picture. */
  readonly initials: string;
}

/** Tells how a person is called. */
export const personOf = (identity: WireIdentity | null | undefined): Person => {
  const traits = textsIn(identity?.traits, "");
  const find = (...keys: readonly string[]) =>
    keys.map((key) => traits.find(({ name }) => findWellKnownField(name)?.key === key)?.text);
  const [first, last, whole, nick] = find("first_name", "last_name", "name", "nickname");
  const address = identity?.verifiable_addresses?.[0]?.value ?? traits[0]?.text ?? identity?.id ?? "";
  const full = [first, last].filter((part) => part !== undefined).join(" ");
  const name = full || whole || nick || address;
  return { name, address, initials: initialsOf(name) };
};

/** Every text among the traits that says something, with its path. */
const textsIn = (value: unknown, name: string): readonly { readonly name: string; readonly text: string }[] => {
  if (typeof value === "string") return value.trim() === "" ? [] : [{ name, text: value.trim() }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => textsIn(member, name === "" ? key : `${name}.${key}`));
};

const initialsOf = (name: string): string => {
  const words = (name.includes("@") ? (name.split("@", 1)[0] ?? "") : name)
    .split(/[\s._-]+/)
    .filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return (
    ends
      .map((word) => [...(word ?? "")][0] ?? "")
      .join("")
      .toUpperCase() || "?"
  );
};
