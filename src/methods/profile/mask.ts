import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { serviceError } from "../../errors/service-error.ts";
import { forbiddenNames } from "../../lib/forbidden-names.ts";
import { isObject } from "../../lib/json-object.ts";

/**
 * What is not a trait cannot be changed, and is not passed over in silence.
 *
 * @throws INVALID_FIELD
 */
export const mustNameTraits = (paths: readonly string[]): void => {
  const stray = paths.some((path) => {
    const [head, ...names] = path.split(".");
    return head !== "traits" || names.some((name) => name === "" || forbiddenNames.has(name));
  });
  if (stray)
    throw serviceError("INVALID_FIELD", {
      field: "update_mask",
      explain: "update_mask may name traits only, such as traits.name.first.",
    });
};

/**
 * Takes over only the paths that a field mask names (`traits.name.first`); the
 * rest stays as it is. A path that was not sent is removed.
 */
export const maskTraits = (current: JsonObject, sent: JsonObject, paths: readonly string[]): JsonObject =>
  paths
    .map((path) => path.split("."))
    .filter(([head]) => head === "traits")
    .reduce((traits, [, ...path]) => put(traits, path, read(sent, path)), current);

const read = (from: JsonValue | undefined, path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), from);

const put = (into: JsonObject, [key, ...rest]: readonly string[], value: JsonValue | undefined): JsonObject => {
  if (key === undefined) return isObject(value) ? value : into;
  const { [key]: old, ...others } = into;
  const next = rest.length === 0 ? value : put(isObject(old) ? old : {}, rest, value);
  return next === undefined ? others : { ...others, [key]: next };
};
