import { isJsonObject, type Json, type JsonObject } from "./schema.ts";

/**
 * The same document in OpenAPI 3.0.3, for generators that read no other:
 * `const` becomes an enum of one, `examples` of a schema `example`, a type that
 * may be null `nullable`, and a body has JSON alone.
 */
export const toOpenApi30 = (document: JsonObject): JsonObject => {
  const { summary: _summary, license: _license, ...info } = isJsonObject(document.info) ? document.info : {};
  const { components, paths, ...rest } = document;
  const parts = isJsonObject(components) ? components : {};
  return {
    ...rest,
    openapi: "3.0.3",
    info: { ...info, license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" } },
    paths: isJsonObject(paths) ? mapPaths(paths) : {},
    components: {
      ...parts,
      schemas: mapMembers(isJsonObject(parts.schemas) ? parts.schemas : {}, schemaTo30),
    },
  };
};

const mapMembers = (object: JsonObject, map: (value: Json) => Json): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));

/** Everything outside of schemas stays, but for the second content type of bodies. */
const mapPaths = (value: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(value).map(([name, member]): [string, Json] => {
      if (name === "schema") return [name, schemaTo30(member)];
      if (name === "content" && isJsonObject(member))
        return [name, mapPaths(Object.fromEntries(Object.entries(member).slice(0, 1)))];
      if (name === "example" || name === "security") return [name, member];
      if (isJsonObject(member)) return [name, mapPaths(member)];
      return [
        name,
        Array.isArray(member) ? member.map((each: Json) => (isJsonObject(each) ? mapPaths(each) : each)) : member,
      ];
    }),
  );

const schemaTo30 = (schema: Json): Json => {
  if (!isJsonObject(schema)) return schema;
  const out: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) Object.assign(out, keywordTo30(key, value));
  // A reference stands alone in 3.0.
  if (typeof out.$ref === "string" && Object.keys(out).length > 1) {
    const { $ref, ...beside } = out;
    return { ...beside, allOf: [{ $ref }] };
  }
  return out;
};

const keywordTo30 = (key: string, value: Json): JsonObject => {
  switch (key) {
    case "const":
      return { enum: [value] };
    case "examples":
      return { example: Array.isArray(value) ? (value[0] as Json) : value };
    case "type":
      return Array.isArray(value)
        ? { type: value.find((each: Json) => each !== "null") as Json, nullable: true }
        : { type: value };
    case "properties":
      return { properties: isJsonObject(value) ? mapMembers(value, schemaTo30) : value };
    case "items":
    case "additionalProperties":
      return { [key]: schemaTo30(value) };
    case "oneOf":
    case "anyOf":
      return unionTo30(key, Array.isArray(value) ? (value as readonly Json[]) : []);
    default:
      return { [key]: value };
  }
};

const isNull = (schema: Json): boolean => isJsonObject(schema) && schema.type === "null";

/** Of objects; 3.0 says that null is allowed beside a type only. */
const unionTo30 = (key: string, cases: readonly Json[]): JsonObject => {
  const rest = cases.filter((each) => !isNull(each)).map(schemaTo30);
  if (rest.length === cases.length) return { [key]: rest };
  return { type: "object", nullable: true, [rest.length === 1 ? "allOf" : key]: rest };
};
