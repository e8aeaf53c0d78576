/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/** A JSON object. */
export interface JsonObject {
  readonly [member: string]: Json;
}

/** A JSON Schema (2020-12), or a part of an OpenAPI document. */
export type Schema = JsonObject;

/** Points to a schema of the document's components. */
export const refTo = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** The same schema, but `null` is valid as well. */
export const orNull = (schema: Schema): Schema => {
  if (typeof schema.type === "string") return { ...schema, type: [schema.type, "null"] };
  if (Object.keys(schema).every((key) => key === "description")) return schema;
  const { description, ...rest } = schema;
  return { ...(description !== undefined && { description }), anyOf: [rest, { type: "null" }] };
};

/** A schema with a description beside it, which a reference may have as well. */
export const described = (schema: Schema, description: string): Schema =>
  description === "" ? schema : { description, ...schema };

/** Whether a JSON value is an object. */
export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
