import { isJsonObject, type Json, type JsonObject, type Schema } from "./schema.ts";

const deepest = 8;

/** The schema that a reference of this document points to; undefined for what is no reference. */
const refName = (schema: Schema): string | undefined =>
  typeof schema.$ref === "string" ? schema.$ref.replace("#/components/schemas/", "") : undefined;

/**
 * A value that a schema allows, made of the examples of its members, of
 * constants and of formats. Members that may be left out are shown where their
 * comment gives an example.
 */
const exampleOf = (schema: Schema, components: Readonly<Record<string, Schema>>, depth = 0): Json => {
  const { examples, enum: allowed, oneOf, anyOf, type } = schema;
  if (Array.isArray(examples) && examples.length > 0) return examples[0] as Json;
  const name = refName(schema);
  if (name !== undefined) return exampleOf(components[name] ?? {}, components, depth);
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(allowed)) return (allowed[0] ?? null) as Json;
  const [first] = (oneOf ?? anyOf ?? []) as readonly Schema[];
  if (first !== undefined) return exampleOf(first, components, depth);
  if (Array.isArray(type)) return null;
  switch (type) {
    case "object":
      return objectExample(schema, components, depth);
    case "array":
      return depth >= deepest || !isJsonObject(schema.items) ? [] : [exampleOf(schema.items, components, depth + 1)];
    case "string":
      return schema.pattern === undefined ? "" : "0";
    case "boolean":
      return false;
    case "integer":
    case "number":
      return 0;
    default:
      return null;
  }
};

const objectExample = (schema: Schema, components: Readonly<Record<string, Schema>>, depth: number): JsonObject => {
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, member]) => {
      if (!isJsonObject(member) || !(required.has(name) || member.examples !== undefined)) return [];
      return [[name, exampleOf(member, components, depth + 1)]];
    }),
  );
};

/** Makes the examples of answers; those of components are written once. */
export interface Examples {
  readonly of: (schema: Schema) => JsonObject;
  readonly components: () => JsonObject;
}

export const createExamples = (components: () => Readonly<Record<string, Schema>>): Examples => {
  const named = new Map<string, JsonObject>();
  return {
    of: (schema) => {
      const name = refName(schema);
      const value = exampleOf(schema, components());
      if (name === undefined) return { example: value };
      named.set(name, { value });
      return { examples: { example: { $ref: `#/components/examples/${name}` } } };
    },
    components: () => Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
};
