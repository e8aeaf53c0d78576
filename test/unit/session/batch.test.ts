import { expect, test } from "vitest";
import { createBatch } from "../../../src/session/batch.ts";

const key = (text: string) => Buffer.from(text);

test("lookups of one turn share a read, and each gets its own answer", async () => {
  const reads: string[][] = [];
  const find = createBatch<string>(async (keys) => {
    reads.push(keys.map(String));
    return keys.filter((each) => String(each) !== "c").map((each) => [each, () => `found ${each}`]);
  });
  expect(await Promise.all(["a", "b", "c"].map((each) => find(key(each))))).toEqual(["found a", "found b", undefined]);
  expect(reads).toEqual([["a", "b", "c", "c"]]);
});

test("a read that fails is not repeated once for each who waits for it", async () => {
  let reads = 0;
  const find = createBatch<string>(async () => {
    reads++;
    throw new Error("the database is gone");
  });
  const results = await Promise.allSettled(Array.from({ length: 64 }, (_, n) => find(key(String(n)))));
  expect(results.map(({ status }) => status)).toEqual(results.map(() => "rejected"));
  expect(reads).toBe(1);
});

test("a row that cannot be read fails the one who asked for it and no other", async () => {
  const find = createBatch<string>(async (keys) =>
    keys.map((each) => [
      each,
      () => {
        if (String(each) === "bad") throw new Error("not JSON");
        return "good";
      },
    ]),
  );
  const results = await Promise.allSettled(["a", "bad", "b"].map((each) => find(key(each))));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});
