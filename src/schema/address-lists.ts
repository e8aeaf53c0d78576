import type { Via } from "./extension.ts";
import type { TraitShape } from "./trait-shape.ts";

/** A list in the traits whose entries are addresses. */
export interface AddressList {
  readonly via: Via;
  /** Names below the traits: `["contact", "emails"]`. */
  readonly path: readonly string[];
}

/** Finds the lists that a schema has for addresses that are proven or bring an account back, in its order. */
export const findAddressLists = (shape: TraitShape, path: readonly string[] = []): readonly AddressList[] => {
  const vias = new Set(
    (shape.items?.uses ?? []).flatMap(({ extension: { verification, recovery } }) =>
      [verification?.via, recovery?.via].filter((via) => via !== undefined),
    ),
  );
  return [
    ...[...vias].map((via) => ({ via, path })),
    ...[...shape.children.values()].flatMap((child) => findAddressLists(child, [...path, child.key])),
  ];
};
