import { expect, it } from "vitest";
import { filesBelow, importsOf } from "./source-files.ts";

/** Groups of files that import each other, directly or through others (Tarjan's strongly connected components). */
const circlesIn = (graph: ReadonlyMap<string, readonly string[]>): string[][] => {
  const [index, low] = [new Map<string, number>(), new Map<string, number>()];
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.size - 1);
    stack.push(file);
    for (const to of graph.get(file) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) low.set(file, Math.min(low.get(file) ?? 0, low.get(to) ?? 0));
    }
    if (low.get(file) !== index.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1 || graph.get(file)?.includes(file)) circles.push(group.sort());
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return circles;
};

it("finds circles of any length, and files that import themselves", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["a", "d"]],
    ["d", []],
    ["e", ["e"]],
  ]);
  expect(circlesIn(graph)).toEqual([["a", "b", "c"], ["e"]]);
});

it("no file of src imports itself through others, not even for a type", () => {
  const graph = new Map(filesBelow(["src"], [".ts"]).map((file) => [file, importsOf(file)]));
  expect(graph.size).toBeGreaterThan(200);
  expect(circlesIn(graph)).toEqual([]);
});
