import path from "node:path";
import { API } from "typescript/unstable/sync";
import { afterAll, describe, expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

/*
 * What a part of the server needs stands in a type whose name ends in Deps. The type checker counts its members, with
 * those that it inherits or picks from others: what needs more is grouped by subject.
 */

const most = 8;
const root = path.resolve(import.meta.dirname, "../..");

const api = new API({ cwd: root });
afterAll(() => api.close());

/** The members of each type of dependencies in some files, by `file: name`. */
const membersIn = (files: readonly string[]): ReadonlyMap<string, number> => {
  const [project] = api.updateSnapshot({ openProjects: [path.join(root, "tsconfig.json")] }).getProjects();
  if (project === undefined) throw new Error("there is no project");
  const { checker } = project;
  const found = files.flatMap((file) =>
    [...read(file).matchAll(/^(?:export )?(?:interface|type) (\w*Deps)\b/gm)].map((match) => {
      const symbol = checker.getSymbolAtPosition(path.join(root, file), match.index + match[0].length - 1);
      if (symbol === undefined) throw new Error(`${file}: ${match[1]} is no type`);
      return [
        `${file}: ${match[1]}`,
        checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).length,
      ] as const;
    }),
  );
  return new Map(found);
};

describe("dependencies", () => {
  const members = membersIn(filesBelow(["src"], [".ts"]));

  it("are counted with what they inherit", () => {
    // Five groups that all flows have, and one of its own.
    expect(members.get("src/flows/login/deps.ts: LoginDeps")).toBe(6);
    expect(members.size).toBeGreaterThan(100);
  });

  it(`have at most ${most} members`, () => {
    const wide = [...members].filter(([, count]) => count > most).map(([name, count]) => `${name} has ${count}`);
    expect(wide).toEqual([]);
  });
});
