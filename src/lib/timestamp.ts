import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** Makes a protobuf Timestamp of a date or an RFC 3339 text, to the millisecond. */
export const timestamp = (at: Date | string): Timestamp => {
  const ms = typeof at === "string" ? Date.parse(at) : at.getTime();
  const seconds = Math.floor(ms / 1000);
  return { $typeName: "google.protobuf.Timestamp", seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 };
};
