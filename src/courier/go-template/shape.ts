/** What is known of a value before there is one. */
export type Shape =
  | { readonly kind: "any" }
  /** A text, a number, a truth value: it has no members. */
  | { readonly kind: "plain" }
  | { readonly kind: "list"; readonly of: Shape }
  /** It has no other members. */
  | { readonly kind: "map"; readonly members: Readonly<Record<string, Shape>> };

/** The shape of a value of which nothing is known. */
export const anyShape: Shape = { kind: "any" };
/** The shape of a value without members. */
export const plainShape: Shape = { kind: "plain" };

/** A map of which the members are known. */
export const mapShape = (members: Readonly<Record<string, Shape>>): Shape => ({ kind: "map", members });

/** A map of which the names of the members are known, and no more. */
export const namesShape = (names: readonly string[]): Shape =>
  mapShape(Object.fromEntries(names.map((name) => [name, anyShape])));

/** What is known of a value that has one of two shapes: a member that one of them has may be there. */
export const eitherShape = (a: Shape, b: Shape): Shape => {
  if (a.kind === "plain" && b.kind === "plain") return a;
  if (a.kind === "list" && b.kind === "list") return { kind: "list", of: eitherShape(a.of, b.of) };
  if (a.kind !== "map" || b.kind !== "map") return anyShape;
  const members: Record<string, Shape> = { ...a.members };
  for (const [name, shape] of Object.entries(b.members)) {
    const known = Object.hasOwn(members, name) ? members[name] : undefined;
    members[name] = known === undefined ? shape : eitherShape(known, shape);
  }
  return mapShape(members);
};
