import type { JsonValue } from "@bufbuild/protobuf";

/** A JSON array; empty for anything else. */
export const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** A JSON string; empty for anything else. */
export const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/** A time of RFC 3339; undefined for anything else, and for the zero time of Go. */
export const timeOf = (value: JsonValue | undefined): Date | undefined => {
  const time = new Date(textOf(value));
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() < 2 ? undefined : time;
};
