import type { JsonObject } from "@bufbuild/protobuf";

/** Whether a value is an object of JSON: neither a list nor null. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object of JSON; undefined for anything else. */
export const objectOf = (value: unknown): JsonObject | undefined => (isObject(value) ? value : undefined);

/** An object of JSON; an empty one for anything else. */
export const objectOrEmpty = (value: unknown): JsonObject => (isObject(value) ? value : {});
