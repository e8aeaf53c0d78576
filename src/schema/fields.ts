import type { JsonValue } from "@bufbuild/protobuf";
import { bounds } from "./bounds.ts";
import { jsonType, type TraitShape } from "./trait-shape.ts";

/** A trait that a form shows as one input element. */
export interface TraitField {
  /** `traits.name.first`. */
  readonly name: string;
  /** HTML input type. */
  readonly type: string;
  /** Its entries are elements of their own. */
  readonly isList: boolean;
  readonly required: boolean;
  readonly title: string | undefined;
  readonly autocomplete: string | undefined;
  readonly pattern: string | undefined;
  readonly options: readonly JsonValue[] | undefined;
  /** The credential types that the trait signs in with, such as `password`. */
  readonly identifies: readonly string[];
}

const byFormat: Readonly<Record<string, string>> = {
  "date-time": "datetime-local",
  date: "date",
  email: "email",
  tel: "tel",
  uri: "url",
};
const byType: Readonly<Record<string, string>> = { number: "number", integer: "number", boolean: "checkbox" };
const scalars = new Set(["string", "number", "integer", "boolean"]);

/** A choice of types is no field, unless a default says which one is meant. */
function typeOf(shape: TraitShape): string | undefined {
  if (shape.types.length === 1) return shape.types[0];
  return shape.types.length === 2 && shape.fallback !== undefined ? jsonType(shape.fallback) : undefined;
}

function inputType(shape: TraitShape): string | undefined {
  const type = typeOf(shape);
  if (type === undefined) return undefined;
  if (type === "string") return Object.hasOwn(byFormat, shape.format ?? "") ? byFormat[shape.format ?? ""] : "text";
  if (type === "array")
    return entriesOf(shape).every(({ types }) => types.every((item) => scalars.has(item))) ? "text" : undefined;
  return byType[type];
}

/** What is said of the entries of a list. */
const entriesOf = ({ items, prefix, rest }: TraitShape): readonly TraitShape[] =>
  [items, ...prefix, rest].filter((shape) => shape !== undefined);

const autocompletes = new Set(["email", "tel", "url"]);

function identifies(shape: TraitShape): readonly string[] {
  const uses = [...shape.uses, ...entriesOf(shape).flatMap((entry) => entry.uses)];
  const types = uses.flatMap(({ extension: { credentials } }) =>
    (["password", "webauthn", "code"] as const).filter((type) => credentials?.[type]?.identifier === true),
  );
  return [...new Set(types)];
}

function leaves(shape: TraitShape): readonly TraitShape[] {
  return shape.children.size === 0 ? [shape] : [...shape.children.values()].flatMap(leaves);
}

/** The traits that have no traits inside, in the order of the document, whether a form can show them or not. */
export const leafShapes = (traits: TraitShape): readonly TraitShape[] => [...traits.children.values()].flatMap(leaves);

/** The input elements of a schema, in its order (docs/compatibility.md, rule 21). */
export function traitFields(traits: TraitShape): readonly TraitField[] {
  return leafShapes(traits).flatMap((shape) => {
    const type = inputType(shape);
    if (type === undefined) return [];
    return {
      name: shape.name,
      type,
      isList: typeOf(shape) === "array",
      required: shape.required,
      title: shape.title,
      autocomplete: autocompletes.has(type) ? type : undefined,
      pattern: shape.pattern,
      options: shape.options?.slice(0, bounds.options),
      identifies: identifies(shape),
    };
  });
}
