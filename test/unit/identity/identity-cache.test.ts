import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it, vi } from "vitest";
import type { IdentityRecord } from "../../../src/identity/identity.ts";
import { cacheIdentities } from "../../../src/identity/identity-cache.ts";

/* The cache of people is bounded by what it holds, not by how many they are. */

interface Row {
  readonly i_id: Buffer;
  readonly i_traits: string;
}

const row = (id: number, traits: string): Row => ({ i_id: Buffer.from([id >> 8, id & 255]), i_traits: traits });
const create = () => {
  let made = 0;
  const { get: read, forget } = cacheIdentities<Row>(["i_id", "i_traits"], () => {
    made += 1;
    return { version: made } as IdentityRecord;
  });
  return { read, forget, made: () => made };
};

describe("the cache of people", () => {
  it("makes the same record of the same row, and another of a row that changed", () => {
    const { read } = create();
    const first = read(row(1, "a"));
    expect(read(row(1, "a"))).toBe(first);
    expect(read(row(1, "b"))).not.toBe(first);
  });

  it("holds nothing of what came with a row: other columns, and the bytes of the whole answer", async () => {
    setFlagsFromString("--expose-gc");
    const collect: NodeJS.GCFunction = runInNewContext("gc");
    const { read, made } = create();
    const readFromAnswer = () => {
      const answer = Buffer.alloc(100_000);
      answer[1] = 1;
      const joined = { i_id: answer.subarray(0, 2), i_traits: "a", f_form: { text: "of another table" } };
      read(joined);
      return { answer: new WeakRef(answer.buffer), joined: new WeakRef(joined.f_form) };
    };
    const { answer, joined } = readFromAnswer();
    await vi.waitFor(() => {
      collect();
      // An expectation that fails holds what it is given.
      const held = [answer, joined].map((ref) => ref.deref() !== undefined);
      expect(held).toEqual([false, false]);
    });
    read(row(1, "a"));
    expect(made()).toBe(1);
  });

  it("holds fewer large accounts than small ones, and forgets the longest unused first", () => {
    const { read, made } = create();
    const large = "x".repeat(200 * 1024);
    for (let id = 0; id < 100; id++) read(row(id, large));
    expect(made()).toBe(100);
    read(row(99, large));
    expect(made()).toBe(100);
    read(row(0, large));
    expect(made()).toBe(101);
    const small = create();
    for (let id = 0; id < 1_000; id++) small.read(row(id, "x"));
    small.read(row(0, "x"));
    expect(small.made()).toBe(1_000);
  });

  it("does not hold an account that would push many others out", () => {
    const { read, made } = create();
    const huge = "x".repeat(512 * 1024);
    read(row(1, "small"));
    read(row(2, huge));
    read(row(2, huge));
    expect(made()).toBe(3);
    read(row(1, "small"));
    expect(made()).toBe(3);
  });

  it("counts somebody who changes again and again once, and pushes nobody out for it", () => {
    const { read, made } = create();
    read(row(1, "a"));
    for (let change = 0; change < 200; change++) read(row(2, `${change}${"x".repeat(200 * 1024)}`));
    expect(made()).toBe(201);
    read(row(1, "a"));
    expect(made()).toBe(201);
  });

  it("forgets somebody who is erased, and whoever nobody asks for", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      const { read, forget, made } = create();
      read(row(1, "a"));
      forget(row(1, "a").i_id);
      read(row(1, "a"));
      expect(made()).toBe(2);
      vi.advanceTimersByTime(300_000);
      read(row(2, "b"));
      vi.advanceTimersByTime(300_001);
      read(row(2, "b"));
      expect(made()).toBe(3);
      read(row(1, "a"));
      expect(made()).toBe(4);
    } finally {
      vi.useRealTimers();
    }
  });
});
