import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** An object of JSON; undefined for anything else. */
export const objectOf = (value: JsonValue | undefined): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;

/** Reads JSON; undefined where the text is none. */
export const parse = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};
