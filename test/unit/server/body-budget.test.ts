import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createBodyBudget } from "../../../src/server/body-budget.ts";

const budget = () => createBodyBudget({ total: 100_000, perNetwork: 50_000 });
const never = () => {
  throw new Error("it must not be cut");
};

test("a network takes no more than its part, and others still have theirs", () => {
  const { open } = budget();
  const one = open("a", never);
  expect(one?.grow(40_000)).toBe(true);
  expect(one?.grow(10_000)).toBe(false);
  expect(open("a", never)?.grow(10_000)).toBe(false);
  expect(open("b", never)?.grow(40_000)).toBe(true);
});

test("all networks together take no more than the whole", () => {
  const { open } = budget();
  expect(open("a", never)?.grow(40_000)).toBe(true);
  expect(open("b", never)?.grow(40_000)).toBe(true);
  expect(open("c", never)?.grow(10_000)).toBe(false);
});

test("what is given back can be taken again, once", () => {
  const { open } = budget();
  const one = open("a", never);
  one?.grow(40_000);
  one?.settle();
  one?.close();
  one?.close();
  const other = open("a", never);
  expect(other?.grow(45_000)).toBe(true);
  expect(other?.grow(45_000)).toBe(false);
});

test("bodies count before they have a byte", () => {
  const { open } = budget();
  const opened = Array.from({ length: 100 }, () => open("a", never)).filter((share) => share !== undefined);
  expect(opened).toHaveLength(12);
});

test("a body that is on its way for a second makes room for one that is not", async () => {
  const { open } = budget();
  const cut: string[] = [];
  const slow = open("a", () => {
    cut.push("slow");
    slow?.close();
  });
  slow?.grow(40_000);
  const whole = open("b", never);
  whole?.grow(40_000);
  whole?.settle();
  await sleep(1_050);
  const quick = open("a", never);
  expect(quick?.grow(40_000)).toBe(true);
  expect(cut).toEqual(["slow"]);
});
