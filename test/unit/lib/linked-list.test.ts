import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createLinkedList } from "../../../src/lib/linked-list.ts";

test("values come in the order in which they were added, without those that were removed", () => {
  const list = createLinkedList<string>();
  expect([...list]).toEqual([]);
  const [removeOne, removeTwo] = ["one", "two", "three"].map((value) => list.add(value));
  expect([...list]).toEqual(["one", "two", "three"]);
  removeTwo?.();
  expect([...list]).toEqual(["one", "three"]);
  removeOne?.();
  list.add("four");
  // Again is no mistake, and touches nobody else.
  removeTwo?.();
  removeOne?.();
  expect([...list]).toEqual(["three", "four"]);
});

test("a value may be removed by whoever is given it, and others be added meanwhile", () => {
  const list = createLinkedList<number>();
  const removals = [0, 1, 2, 3].map((value) => list.add(value));
  const seen: number[] = [];
  for (const value of list) {
    seen.push(value);
    if (value % 2 === 0) removals[value]?.();
    if (value === 3) list.add(4);
  }
  expect(seen).toEqual([0, 1, 2, 3, 4]);
  expect([...list]).toEqual([1, 3, 4]);
});

test("what was removed does not survive the collections of young objects, however long others come and go", () => {
  setFlagsFromString("--expose-gc");
  const collect: NodeJS.GCFunction = runInNewContext("gc");
  const old = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space")?.space_used_size ?? 0;
  const bytes = 1_000;
  const list = createLinkedList<number[]>();
  const come = () => list.add(new Array(bytes / 8).fill(0.5));
  let leave = come();
  const pass = (times: number) => {
    for (let turn = 0; turn < times; turn++) {
      const next = come();
      leave();
      leave = next;
      if (turn % 500 === 0) collect({ type: "minor" });
    }
  };
  pass(2_000);
  collect({ type: "major" });
  const before = old();
  pass(20_000);
  expect(old() - before).toBeLessThan((20_000 * bytes) / 10);
});
