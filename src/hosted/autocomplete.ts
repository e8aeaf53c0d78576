import { fieldKindOf } from "./field-kind.ts";
import { findWellKnownField } from "./well-known-field.ts";
import type { WireInput, WireNode } from "./wire.ts";

/** What the browser may fill into the fields of a form. */
export type Autocomplete = (input: WireInput) => string | undefined;

/**
 * Creates what tells browsers and password managers what each field of a form
 * takes (HTML, autofill detail tokens). What the API says counts, but
 * `webauthn` only where there are passkeys to be offered; the rest is said by
 * the names of fields. Where somebody chooses a first password, the address or
 * the name they will sign in with is their user name.
 */
export const createAutocomplete = (nodes: readonly WireNode[]): Autocomplete => {
  const hasPasskeys = nodes.some(({ group }) => group === "passkey" || group === "webauthn");
  const inputs = nodes.flatMap(({ attributes }) =>
    attributes.node_type === "input" && attributes.type !== "hidden" ? [attributes] : [],
  );
  const signsUp = nodes.some(({ group }) => group === "password") && !nodes.some(({ group }) => group === "profile");
  const hasUsername = inputs.some((input) => tokensOf(input, hasPasskeys).includes("username"));
  const username = signsUp && !hasUsername ? inputs.find(isAddress) : undefined;
  return (input) => {
    if (input === username) return "username";
    const tokens = tokensOf(input, hasPasskeys);
    return tokens.length === 0 ? undefined : tokens.join(" ");
  };
};

const isAddress = (input: WireInput): boolean => {
  const kind = fieldKindOf(input);
  return kind === "email" || kind === "tel" || findWellKnownField(input.name)?.key === "email";
};

const tokensOf = (input: WireInput, hasPasskeys: boolean): readonly string[] => {
  const given = (input.autocomplete ?? "")
    .split(/\s+/)
    .filter((token) => token !== "" && (token !== "webauthn" || hasPasskeys));
  if (given.length > 0) return given;
  if (fieldKindOf(input) === "code") return ["one-time-code"];
  if (!input.name.startsWith("traits.")) return [];
  const known = findWellKnownField(input.name) ?? findWellKnownField(input.name.split(".").at(-1) ?? "");
  return known?.autocomplete === undefined ? [] : [known.autocomplete];
};
