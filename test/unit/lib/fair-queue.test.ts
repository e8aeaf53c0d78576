import { describe, expect, it } from "vitest";
import { createFairQueue, type FairQueue, type Place } from "../../../src/lib/hashing/fair-queue.ts";

const at = (purpose: Place["purpose"], network = "a", subject = "x"): Place => ({ purpose, network, subject });

/** Takes out so many, and counts them by what they are. */
const takeOut = (queue: FairQueue<string>, count: number): readonly string[] =>
  Array.from({ length: count }, () => queue.next(1)?.item ?? "none");
const countOf = (items: readonly string[], item: string): number => items.filter((one) => one === item).length;

describe("the queue", () => {
  it("gives each purpose its weight while all of them wait", () => {
    const queue = createFairQueue<string>(1_000);
    for (let n = 0; n < 200; n++)
      for (const purpose of ["session", "device", "sign_in", "sign_up"] as const) queue.add(at(purpose), purpose);
    const taken = takeOut(queue, 150);
    expect(countOf(taken, "session")).toBe(80);
    expect(countOf(taken, "device")).toBe(40);
    expect(countOf(taken, "sign_in")).toBe(20);
    expect(countOf(taken, "sign_up")).toBe(10);
  });

  it("gives what nobody else wants to whoever waits", () => {
    const queue = createFairQueue<string>(10);
    for (let n = 0; n < 5; n++) queue.add(at("sign_up"), "sign-up");
    expect(takeOut(queue, 6)).toEqual([...Array(5).fill("sign-up"), "none"]);
  });

  it("counts what work cost, not how often there was some", () => {
    const queue = createFairQueue<string>(1_000);
    for (let n = 0; n < 100; n++) for (const purpose of ["device", "sign_in"] as const) queue.add(at(purpose), purpose);
    // Each of the sign-ins turns out to take three times what was expected.
    const taken: string[] = [];
    for (let n = 0; n < 70; n++) {
      const next = queue.next(1);
      if (next?.purpose === "sign_in") queue.charge("sign_in", 2);
      taken.push(next?.item ?? "none");
    }
    expect(countOf(taken, "device")).toBe(60);
  });

  it("saves nothing up for a purpose that was away", () => {
    const queue = createFairQueue<string>(1_000);
    for (let n = 0; n < 200; n++) queue.add(at("sign_in"), "sign-in");
    takeOut(queue, 100);
    for (let n = 0; n < 100; n++) queue.add(at("device"), "device");
    expect(countOf(takeOut(queue, 30), "sign-in")).toBeGreaterThanOrEqual(9);
  });

  it("lets networks take turns, and within one its subjects", () => {
    const queue = createFairQueue<string>(100);
    for (let n = 0; n < 9; n++) queue.add(at("sign_in", "loud", "one"), "loud one");
    queue.add(at("sign_in", "loud", "other"), "loud other");
    queue.add(at("sign_in", "quiet"), "quiet");
    expect(takeOut(queue, 4)).toEqual(["loud one", "quiet", "loud other", "loud one"]);
  });

  it("that is full of one network lets another in, in place of the loud one's newest", () => {
    const queue = createFairQueue<string>(3);
    for (const item of ["first", "second", "third"]) queue.add(at("sign_in", "loud"), item);
    expect(queue.add(at("sign_in", "quiet"), "quiet")).toBe("third");
    expect(queue.add(at("sign_in", "loud"), "fourth")).toBe("fourth");
    expect(takeOut(queue, 4)).toEqual(["first", "quiet", "second", "none"]);
  });

  it("that is full of one subject lets another of the same network in", () => {
    const queue = createFairQueue<string>(3);
    for (const item of ["first", "second", "third"]) queue.add(at("sign_in", "one", "loud"), item);
    expect(queue.add(at("sign_in", "one", "quiet"), "quiet")).toBe("third");
    expect(takeOut(queue, 3)).toEqual(["first", "quiet", "second"]);
  });

  it("that is full of as many networks refuses one more", () => {
    const queue = createFairQueue<string>(3);
    for (const network of ["a", "b", "c"]) queue.add(at("sign_in", network), network);
    expect(queue.add(at("sign_in", "d"), "d")).toBe("d");
    expect(queue.waiting("sign_in")).toBe(3);
  });

  it("that is full for one purpose has room for the others", () => {
    const queue = createFairQueue<string>(1);
    expect(queue.add(at("sign_up"), "one")).toBeUndefined();
    expect(queue.add(at("sign_up"), "two")).toBe("two");
    expect(queue.add(at("session"), "owner")).toBeUndefined();
    expect(queue.waiting("session")).toBe(1);
  });
});
