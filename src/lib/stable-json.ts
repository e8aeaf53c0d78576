import type { JsonValue } from "@bufbuild/protobuf";

/** Writes JSON with the members of each object in the order of their names: the same text for the same value. */
export const stableJson = (value: JsonValue): string =>
  JSON.stringify(value, (_, member: JsonValue) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member,
  );
