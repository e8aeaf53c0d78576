import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** Lays one object over another, and the objects within them: what both have is as the upper one says. */
export const mergeJson = (under: JsonObject, over: JsonObject): JsonObject =>
  Object.fromEntries([
    ...Object.entries(under),
    ...Object.entries(over).map(([key, value]): [string, JsonValue] => {
      const below = Object.hasOwn(under, key) ? under[key] : undefined;
      return [key, isObject(below) && isObject(value) ? mergeJson(below, value) : value];
    }),
  ]);

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
