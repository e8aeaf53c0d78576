import { type DescMessage, type JsonObject, type MessageShape, toJson } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";

/** Prints messages as JSON by the names of the protos, one a line. */
export const printJson = <Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): void => {
  console.log(JSON.stringify(toJson(desc, message, { useProtoFieldName: true }) as JsonObject));
};

/** Lays rows out under their heads, each column as wide as its longest cell. */
export const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = [heads, ...rows.map((row) => row.map(shown))];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** What people have written must not act on a terminal. */
const shown = (cell: string): string => cell.replace(/\p{C}/gu, "�");

/** A time as RFC 3339 has it; empty where there is none. */
export const timeOf = (time: Timestamp | undefined): string =>
  time === undefined ? "" : timestampDate(time).toISOString();
