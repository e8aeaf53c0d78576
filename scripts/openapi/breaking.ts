import { isJsonObject, type Json, type JsonObject } from "./schema.ts";

/**
 * Finds what breaks clients of an older document: places, verbs and answers
 * that are gone, members of answers that are gone, may now be missing or have
 * another type, and members of requests that are gone or have become required.
 * What was added breaks nobody: unknown members and enum values are to be expected.
 *
 * @returns one line for each, empty when nothing breaks
 */
export const findBreaking = (older: JsonObject, newer: JsonObject): readonly string[] => {
  const found = new Set<string>();
  for (const [path, item] of Object.entries(objectAt(older, "paths"))) {
    for (const [verb, operation] of Object.entries(asObject(item))) {
      const now = objectAt(newer, "paths", path, verb);
      const name = `${verb.toUpperCase()} ${path}`;
      if (Object.keys(now).length === 0) found.add(`${name} is gone`);
      else compareOperation(name, asObject(operation), now, { older, newer, found });
    }
  }
  return [...found];
};

interface Context {
  readonly older: JsonObject;
  readonly newer: JsonObject;
  readonly found: Set<string>;
}

const compareOperation = (name: string, old: JsonObject, now: JsonObject, context: Context): void => {
  const { found } = context;
  if (old.operationId !== now.operationId) found.add(`${name} is called ${String(now.operationId)} now`);
  const parameters = (of: JsonObject): ReadonlyMap<string, JsonObject> =>
    new Map(listOf(of.parameters).map((each) => [`${String(each.in)} ${String(each.name)}`, each]));
  const [before, after] = [parameters(old), parameters(now)];
  for (const [key, parameter] of before) {
    const same = after.get(key);
    if (same === undefined) found.add(`${name}: the parameter ${key} is gone`);
    else compareSchema(`${name}: ${key}`, asObject(parameter.schema), asObject(same.schema), "request", context);
  }
  for (const [key, { required }] of after)
    if (required === true && before.get(key)?.required !== true) found.add(`${name}: the parameter ${key} is required`);
  const body = (of: JsonObject): JsonObject => objectAt(of, "requestBody", "content", "application/json", "schema");
  compareSchema(`${name} body`, body(old), body(now), "request", context);
  for (const [status, answer] of Object.entries(objectAt(old, "responses"))) {
    // Which errors are listed is no promise; what is answered when all goes well is.
    if (!status.startsWith("2")) continue;
    const same = objectAt(now, "responses", status);
    if (Object.keys(same).length === 0) found.add(`${name}: the answer ${status} is gone`);
    const schema = (of: JsonObject): JsonObject => objectAt(of, "content", "application/json", "schema");
    compareSchema(`${name} ${status}`, schema(asObject(answer)), schema(same), "answer", context);
  }
};

type Side = "request" | "answer";

const compareSchema = (
  place: string,
  oldSchema: JsonObject,
  newSchema: JsonObject,
  side: Side,
  context: Context,
  seen: ReadonlySet<string> = new Set(),
): void => {
  const key = String(oldSchema.$ref ?? place);
  if (seen.has(key)) return;
  const within = new Set([...seen, key]);
  const old = resolve(oldSchema, context.older);
  const now = resolve(newSchema, context.newer);
  const name = typeof oldSchema.$ref === "string" ? (oldSchema.$ref.split("/").at(-1) ?? place) : place;
  if (JSON.stringify(kindOf(old)) !== JSON.stringify(kindOf(now)))
    context.found.add(`${name} was ${describe(old)} and is ${describe(now)}`);
  for (const value of listed(old.enum))
    if (!listed(now.enum).includes(value) && now.enum !== undefined)
      context.found.add(`${name}: the value ${JSON.stringify(value)} is gone`);
  compareMembers(name, old, now, side, context, within);
  if (isJsonObject(old.items) && isJsonObject(now.items))
    compareSchema(`${name}[]`, old.items, now.items, side, context, within);
  const cases = (schema: JsonObject): Readonly<Record<string, Json>> => objectAt(schema, "discriminator", "mapping");
  for (const [tag, $ref] of Object.entries(cases(old))) {
    const same = cases(now)[tag];
    if (same === undefined) context.found.add(`${name}: the case ${tag} is gone`);
    else compareSchema(`${name} ${tag}`, { $ref }, { $ref: same }, side, context, within);
  }
};

const compareMembers = (
  name: string,
  old: JsonObject,
  now: JsonObject,
  side: Side,
  context: Context,
  seen: ReadonlySet<string>,
): void => {
  const [before, after] = [objectAt(old, "properties"), objectAt(now, "properties")];
  for (const [member, schema] of Object.entries(before)) {
    const same = after[member];
    if (same === undefined) context.found.add(`${name}: the member ${member} is gone`);
    else compareSchema(`${name}.${member}`, asObject(schema), asObject(same), side, context, seen);
  }
  const [always, alwaysNow] = [listed(old.required), listed(now.required)];
  if (side === "answer") {
    for (const member of always)
      if (after[String(member)] !== undefined && !alwaysNow.includes(member))
        context.found.add(`${name}: the member ${String(member)} may be missing`);
  } else {
    for (const member of alwaysNow)
      if (!always.includes(member)) context.found.add(`${name}: the member ${String(member)} is required`);
  }
};

/** What kind of value a schema allows, in a form that can be compared. */
const kindOf = ({ type, format, anyOf, oneOf, discriminator }: JsonObject): Json => ({
  type: type ?? null,
  format: format === "date-time" || format === "int64" ? format : null,
  union:
    oneOf !== undefined
      ? String(objectAt({ discriminator: discriminator ?? null }, "discriminator").propertyName)
      : null,
  anyOf: anyOf !== undefined,
});

const describe = ({ type, format, oneOf, anyOf }: JsonObject): string => {
  if (oneOf !== undefined || anyOf !== undefined) return "a union";
  const named = Array.isArray(type) ? type.join(" or ") : String(type ?? "any value");
  return format === undefined ? named : `${named} (${String(format)})`;
};

const resolve = (schema: JsonObject, document: JsonObject): JsonObject =>
  typeof schema.$ref === "string"
    ? resolve(objectAt(document, ...schema.$ref.replace("#/", "").split("/")), document)
    : schema;

const asObject = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});

const objectAt = (value: JsonObject, ...path: readonly string[]): JsonObject =>
  path.reduce<JsonObject>((at, name) => asObject(at[name]), value);

const listed = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);

const listOf = (value: Json | undefined): readonly JsonObject[] => listed(value).filter(isJsonObject);
