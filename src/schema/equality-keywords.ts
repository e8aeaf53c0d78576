import type { JsonValue } from "@bufbuild/protobuf";
import type { Ajv, FuncKeywordDefinition, SchemaValidateFunction } from "ajv";

/**
 * Replaces the keywords that compare values. Those of ajv ask values for their
 * `toString` and `valueOf`, which traits may be named, and compare the entries
 * of a list each with each.
 */
export function addEqualityKeywords(ajv: Ajv): void {
  for (const keyword of ["const", "enum", "uniqueItems"]) ajv.removeKeyword(keyword);
  ajv.addKeyword(
    comparing("const", (schema) => {
      const expected = canonicalJson(schema);
      return (data) => (canonicalJson(data) === expected ? undefined : { allowedValue: schema });
    }),
  );
  ajv.addKeyword({
    ...comparing("enum", (schema) => {
      const allowed = new Set((schema as JsonValue[]).map(canonicalJson));
      return (data) => (allowed.has(canonicalJson(data)) ? undefined : { allowedValues: schema });
    }),
    schemaType: "array",
  });
  ajv.addKeyword({
    ...comparing(
      "uniqueItems",
      (schema) => (data) => (schema === true ? findDuplicate(data as JsonValue[]) : undefined),
    ),
    type: "array",
    schemaType: "boolean",
  });
}

/** Returns the parameters of the fault, or undefined. */
type Compare = (data: JsonValue) => Readonly<Record<string, JsonValue>> | undefined;

function comparing(keyword: string, create: (schema: JsonValue) => Compare): FuncKeywordDefinition {
  return {
    keyword,
    errors: true,
    compile: (schema: JsonValue, parentSchema) => {
      const compare = create(schema);
      const validate: SchemaValidateFunction = (data: JsonValue) => {
        const params = compare(data);
        // ajv adds the place, the schema and the data.
        if (params !== undefined)
          validate.errors = [{ keyword, message: messages[keyword] ?? "", params, parentSchema }];
        return params === undefined;
      };
      return validate;
    },
  };
}

const messages: Readonly<Record<string, string>> = {
  const: "must be equal to constant",
  enum: "must be equal to one of the allowed values",
  uniqueItems: "must NOT have duplicate items",
};

/** The last entry that was there before, and where. */
function findDuplicate(list: readonly JsonValue[]): { readonly i: number; readonly j: number } | undefined {
  const seen = new Map<string, number>();
  let found: { readonly i: number; readonly j: number } | undefined;
  for (const [i, entry] of list.entries()) {
    const key = canonicalJson(entry);
    const j = seen.get(key);
    if (j !== undefined) found = { i, j };
    seen.set(key, i);
  }
  return found;
}

/** Writes a value so that equal values give equal texts: members in the order of their names. */
function canonicalJson(value: JsonValue): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}
