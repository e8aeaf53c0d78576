import { expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

it("every test of properties draws from the seed of the run", () => {
  const tests = filesBelow(["test"], [".test.ts"]).filter((file) => /^import .* from "fast-check";$/m.test(read(file)));
  expect(tests.length).toBeGreaterThan(10);
  expect(tests.filter((file) => !/import ".*setup\/seeded\.ts"/.test(read(file)))).toEqual([]);
  expect(tests.filter((file) => /\bseed:/.test(read(file)))).toEqual([]);
});
