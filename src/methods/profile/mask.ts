import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

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

const isObject = (value: JsonValue | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
