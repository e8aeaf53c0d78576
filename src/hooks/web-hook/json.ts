import type { JsonValue } from "@bufbuild/protobuf";

/** Reads JSON; undefined where the text is none. */
export const parse = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};
