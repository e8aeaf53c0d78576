import { describe, expect, it } from "vitest";
import { filesBelow, read, withoutComments } from "./source-files.ts";

const code = filesBelow(["src", "scripts", "bench", "test"], [".ts", ".mjs"]);

const columns = 120;

/** Members of each interface of dependencies in a file: `SettingsDeps`, by name. */
const dependenciesIn = (text: string): (readonly [string, number])[] =>
  [...withoutComments(text).matchAll(/interface (\w+Deps)\b[^{]*\{([\s\S]*?)\n\}/g)].map(([, name = "", body = ""]) => [
    name,
    [...body.matchAll(/^ {2}(?:readonly )?\w+[?]?(?:\(|:)/gm)].length,
  ]);

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

  it("counts the members of dependencies", () => {
    const text =
      "export interface ADeps {\n  /** One: a */\n  readonly one: X;\n  two(b: Y): Z;\n}\ninterface B {\n  readonly c: 1;\n}";
    expect(dependenciesIn(text)).toEqual([["ADeps", 2]]);
  });

  const most = 8;
  const large = filesBelow(["src"], [".ts"]).flatMap((file) =>
    dependenciesIn(read(file)).flatMap(([name, count]) => (count > most ? [`${file}: ${name} has ${count}`] : [])),
  );
  it(`dependencies have at most ${most} members`, () => {
    expect(large).toEqual([]);
  });
});
