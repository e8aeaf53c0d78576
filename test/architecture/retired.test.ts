import path from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

/*
 * test/retired.json lists what the project called things before it had the
 * field's words for them: identifiers (whole words of code and of proto), names
 * of files and folders, and texts of messages. None of them comes back.
 */

interface Retired {
  readonly identifiers: readonly string[];
  /** Base names or paths from the root: `elsewhere.ts`, `src/transport`. */
  readonly files: readonly string[];
  readonly messages: readonly string[];
}

const retired = JSON.parse(read("test/retired.json")) as Retired;
const files = filesBelow(
  ["src", "proto", "docs", "test", "scripts", "bench"],
  [".ts", ".mjs", ".proto", ".md", ".sql"],
);
const searched = files.filter((file) => !file.startsWith("test/compatibility/recorded"));

/** Where a whole word stands: not as a part of a longer name. */
const wordAt = (word: string): RegExp => new RegExp(`(?<![\\w$])${word.replace(/[$.]/g, "\\$&")}(?![\\w$])`);

const found = (patterns: readonly (readonly [string, RegExp | string])[]): string[] =>
  searched.flatMap((file) => {
    const text = read(file);
    return patterns
      .filter(([, pattern]) => (typeof pattern === "string" ? text.includes(pattern) : pattern.test(text)))
      .map(([name]) => `${file}: ${name}`);
  });

describe("what is retired does not come back", () => {
  it("identifiers", () => {
    expect(found(retired.identifiers.map((name) => [name, wordAt(name)]))).toEqual([]);
  });

  it("names of files and folders", () => {
    const isRetired = (file: string): boolean =>
      retired.files.some((name) => path.basename(file) === name || file === name || file.startsWith(`${name}/`));
    expect(files.filter(isRetired)).toEqual([]);
  });

  it("texts of messages", () => {
    expect(found(retired.messages.map((text) => [text, text]))).toEqual([]);
  });

  it.each([
    ["elsewhere", "const elsewhere = 1", true],
    ["elsewhere", "somewhere.elsewhere()", true],
    ["elsewhere", "createElsewhere()", false],
    ["Trip", "RoundTrip", false],
  ])("%s is in %s: %s", (word, text, expected) => {
    expect(wordAt(word).test(text)).toBe(expected);
  });
});
