import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { inGroups, inLanes, paddedList } from "../../../src/lib/in-groups.ts";

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
    await nextTurn();
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

/** Work that waits for what it is told to. */
const createHeldWork = (isHeld: (item: string) => boolean) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const groups: (readonly string[])[] = [];
  const work = async (items: readonly string[]): Promise<readonly string[]> => {
    groups.push(items);
    if (items.some(isHeld)) await promise;
    return items;
  };
  return { groups, work, release: resolve };
};

describe("work in groups that may be slow", () => {
  const slow = { after: 10, most: 1, keysOf: (item: string) => [item] };

  it("goes past one that waits, but for what has a key of it", async () => {
    const held = createHeldWork((item) => item === "locked");
    const work = inGroups<string, string>({ most: 10, atOnce: 1, slow }, held.work);
    const first = work("locked");
    const same = work("locked");
    // A timer may come before the turn in which the two are begun, and then all would be one group.
    await nextTurn();
    const again = work("locked");
    expect(await Promise.all([work("a"), work("b")])).toEqual(["a", "b"]);
    held.release();
    expect(await Promise.all([first, same, again])).toEqual(["locked", "locked", "locked"]);
    expect(held.groups).toEqual([["locked", "locked"], ["a", "b"], ["locked"]]);
  });

  it("waits for one that is slow beyond as many as may be", async () => {
    const held = createHeldWork((item) => item.startsWith("locked"));
    const work = inGroups<string, string>({ most: 1, atOnce: 1, slow }, held.work);
    const all = [work("locked"), work("locked too"), work("a")];
    await sleep(50);
    expect(held.groups).toEqual([["locked"], ["locked too"]]);
    held.release();
    expect(await Promise.all(all)).toEqual(["locked", "locked too", "a"]);
  });

  it("is done one by one after a group failed, and only what fails alone fails", async () => {
    const groups: (readonly string[])[] = [];
    const work = inGroups<string, string>({ most: 8, atOnce: 1, retriesAlone: true }, async (items) => {
      groups.push(items);
      if (items.includes("bad")) throw new Error("broken");
      return items;
    });
    const ended = await Promise.allSettled(["a", "b", "bad", "c", "d", "e"].map(work));
    expect(ended.map(({ status }) => status).join(" ")).toBe(
      "fulfilled fulfilled rejected fulfilled fulfilled fulfilled",
    );
    expect(groups).toHaveLength(7);
    expect(await work("f")).toBe("f");
  });

  it("is not done one by one after an error that is not of one item", async () => {
    const sizes: number[] = [];
    const options = { most: 8, atOnce: 1, retriesAlone: (cause: unknown) => cause instanceof RangeError };
    const work = inGroups<number, number>(options, async (items) => {
      sizes.push(items.length);
      throw items.includes(1) ? new RangeError("one") : new TypeError("all");
    });
    await Promise.allSettled([work(0), work(1)]);
    await Promise.allSettled([work(2), work(3)]);
    expect(sizes).toEqual([2, 1, 1, 2]);
  });

  it("in lanes does not wait for another lane", async () => {
    const held = createHeldWork((item) => item === "locked");
    const work = inLanes<string, string>({ most: 8, atOnce: 1 }, (item) => item.length % 2, held.work);
    const first = work("locked");
    await nextTurn();
    expect(await work("odd")).toBe("odd");
    held.release();
    expect(await first).toBe("locked");
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
