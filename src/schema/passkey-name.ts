import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { isObject } from "../lib/json-object.ts";
import type { Extension } from "./extension.ts";
import { leafShapes } from "./fields.ts";
import type { IdentitySchema } from "./identity-schema.ts";
import { traitPath } from "./trait-name.ts";

/** What a trait may be used for that a passkey can be called by, the best first. */
const uses: readonly ((credentials: NonNullable<Extension["credentials"]>) => boolean | undefined)[] = [
  ({ passkey }) => passkey?.display_name,
  ({ webauthn }) => webauthn?.identifier,
  ({ password }) => password?.identifier,
];

const known = new WeakMap<IdentitySchema, readonly string[]>();

/**
 * The names of the traits that passkeys are called by, so that people tell them apart: those that the schema marks so
 * (`passkey.display_name`); without any, those that they sign in with.
 */
export const passkeyNameFields = (schema: IdentitySchema): readonly string[] => {
  const before = known.get(schema);
  if (before) return before;
  const leaves = leafShapes(schema.traits);
  const [fields = []] = uses
    .map((isUsed) =>
      leaves.flatMap(({ name, uses: all }) =>
        all.some(({ extension }) => isUsed(extension.credentials ?? {})) ? [name] : [],
      ),
    )
    .filter((names) => names.length > 0);
  known.set(schema, fields);
  return fields;
};

/** What a person's passkeys are called; undefined where no trait says it. */
export const passkeyName = (schema: IdentitySchema, traits: JsonObject): string | undefined =>
  passkeyNameFields(schema)
    .map((name) => valueAt(traits, traitPath(name).slice(1)))
    .find((value): value is string => typeof value === "string" && value.trim() !== "");

const valueAt = (traits: JsonObject, path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>(
    (value, step) => (isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    traits,
  );
