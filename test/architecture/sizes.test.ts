import { describe, expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

const code = filesBelow(["src", "scripts", "bench", "test", "packages", "examples"], [".ts", ".tsx", ".mjs"]).filter(
  // Of packages/*/gen: generated from the protos, one line for the bytes of a descriptor. dist: compiled.
  (file) => !/\/(?:gen|dist)\//.test(file),
);

const columns = 120;

describe("sizes", () => {
  it(`every line has at most ${columns} columns; of comments, one with a URL may have more`, () => {
    const long = code.flatMap((file) =>
      read(file)
        .split("\n")
        .map((line, index) => [`${file}:${index + 1}`, line] as const)
        .filter(([, line]) => line.length > columns && !(/^\s*(?:\/\*|\*|\/\/)/.test(line) && line.includes("://"))),
    );
    expect(long.map(([place]) => place)).toEqual([]);
  });
});
