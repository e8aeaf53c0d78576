import { describe, expect, it } from "vitest";
import { createDueJobs } from "../../../src/jobs/due.ts";

const idsUpTo = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `id-${n}`);

/** A table in which so many jobs are due; counts how often it was read. */
const storeOf = (count: number) => {
  let reads = 0;
  return {
    due: async (_: string, limit: number) => {
      reads += 1;
      return idsUpTo(count).slice(0, limit);
    },
    reads: () => reads,
  };
};

describe("jobs that are due", () => {
  it("are begun in the order in which they are due, as long as there are few", async () => {
    const due = createDueJobs(storeOf(5), 1_000);
    expect(await due.find("test", 2, 0)).toMatchObject({ ids: idsUpTo(5), isAll: true });
  });

  it("are read once for several that are begun one after the other", async () => {
    const store = storeOf(1_000);
    const due = createDueJobs(store, 1_000);
    for (let n = 0; n < 5; n++) (await due.find("test", 1, 0)).ids.shift();
    expect(store.reads()).toBe(1);
    await due.find("test", 1, 0);
    expect(store.reads()).toBe(2);
  });

  it("are begun elsewhere by each node, where there are more than it has room for", async () => {
    const [one, other] = [createDueJobs(storeOf(1_000), 1_000), createDueJobs(storeOf(1_000), 1_000)];
    const both = [await one.find("test", 10, 0), await other.find("test", 10, 0)];
    expect(both[0]?.ids).not.toEqual(both[1]?.ids);
  });

  it("are read anew when more are due and what is left of them does not fill the room", async () => {
    const store = storeOf(1_000);
    const due = createDueJobs(store, 1_000);
    const first = await due.find("test", 10, 0);
    first.ids.splice(0, 10);
    expect(await due.find("test", 10, 0)).toMatchObject({ isAll: false, ids: { length: 14 } });
    expect(store.reads()).toBe(2);
  });

  it("are read anew when they are no longer believed", async () => {
    const store = storeOf(1_000);
    const due = createDueJobs(store, 0);
    await due.find("test", 1, 0);
    await due.find("test", 1, 0);
    expect(store.reads()).toBe(2);
  });
});
