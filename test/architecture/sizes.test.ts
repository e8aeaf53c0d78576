import { describe, expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

const code = filesBelow(["src", "scripts", "bench", "test"], [".ts", ".mjs"]);

const columns = 120;

describe("sizes", () => {
  it(`lines of comments have at most ${columns} columns; the formatter sees to those of code`, () => {
    const long = code.flatMap((file) =>
      read(file)
        .split("\n")
        .map((line, index) => [`${file}:${index + 1}`, line] as const)
        .filter(([, line]) => line.length > columns && /^\s*(?:\/\*|\*|\/\/)/.test(line) && !line.includes("://")),
    );
    expect(long.map(([place]) => place)).toEqual([]);
  });
});
