import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { isObject } from "../lib/json-object.ts";
import type { Extension } from "./extension.ts";
import type { IdentitySchema } from "./identity-schema.ts";
import type { TraitShape } from "./trait-shape.ts";

/** What an authenticator app calls the account: the first trait that the schema marks so and that is filled in. */
export const accountNameOf = (schema: IdentitySchema, traits: JsonObject): string | undefined =>
  findText(schema.traits, traits, ({ credentials }) => credentials?.totp?.account_name === true);

/** The first filled-in text or number among the traits whose use fits. Undefined: there is none. */
const findText = (
  shape: TraitShape,
  value: JsonValue | undefined,
  fits: (extension: Extension) => boolean,
): string | undefined => {
  if (typeof value === "string" || typeof value === "number")
    return value !== "" && shape.uses.some(({ extension }) => fits(extension)) ? String(value) : undefined;
  if (Array.isArray(value)) {
    const entries = [shape.items, ...shape.prefix].filter((entry) => entry !== undefined);
    return first(value, (item) => first(entries, (entry) => findText(entry, item, fits)));
  }
  return isObject(value)
    ? first([...shape.children], ([key, child]) =>
        Object.hasOwn(value, key) ? findText(child, value[key], fits) : undefined,
      )
    : undefined;
};

const first = <T, R>(list: readonly T[], find: (item: T) => R | undefined): R | undefined => {
  for (const item of list) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
};
