import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { inGroups, paddedList } from "../../../src/lib/in-groups.ts";

describe("work in groups", () => {
  it("takes what comes in one turn together, at most so many, and gives each its own result", async () => {
    const groups: (readonly number[])[] = [];
    const double = inGroups<number, number>({ most: 3 }, async (items) => {
      groups.push(items);
      return items.map((item) => 2 * item);
    });
    expect(await Promise.all([1, 2, 3, 4].map(double))).toEqual([2, 4, 6, 8]);
    expect(groups).toEqual([[1, 2, 3], [4]]);
    expect(await double(5)).toBe(10);
  });

  it("gathers what comes while one is under way, and begins the first at once", async () => {
    const groups: (readonly string[])[] = [];
    const work = inGroups<string, undefined>({ most: 10, atOnce: 1 }, async (items) => {
      groups.push(items);
      await sleep(20);
      return items.map(() => undefined);
    });
    const first = work("a");
    await sleep(5);
    await Promise.all([first, work("b"), sleep(1).then(() => work("c"))]);
    expect(groups).toEqual([["a"], ["b", "c"]]);
  });

  it("fails for a group, and goes on with the next", async () => {
    let fails = true;
    const work = inGroups<number, number>({ most: 2, atOnce: 1 }, async (items) => {
      if (fails) throw new Error("broken");
      return items;
    });
    const ended = await Promise.allSettled([work(1), work(2)]);
    expect(ended.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    fails = false;
    expect(await work(3)).toBe(3);
  });
});

describe("a padded list", () => {
  it("is as long as the next power of two, its last value repeated", () => {
    expect(paddedList([])).toEqual([]);
    expect(paddedList([1])).toEqual([1]);
    expect(paddedList([1, 2, 3])).toEqual([1, 2, 3, 3]);
    expect(paddedList([1, 2, 3, 4, 5])).toEqual([1, 2, 3, 4, 5, 5, 5, 5]);
  });
});
