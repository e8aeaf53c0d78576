import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { isObject } from "./json-object.ts";

/** Lays one object over another, and the objects within them: what both have is as the upper one says. */
export const mergeJson = (under: JsonObject, over: JsonObject): JsonObject =>
  Object.fromEntries([
    ...Object.entries(under),
    ...Object.entries(over).map(([key, value]): [string, JsonValue] => {
      const below = Object.hasOwn(under, key) ? under[key] : undefined;
      return [key, isObject(below) && isObject(value) ? mergeJson(below, value) : value];
    }),
  ]);
