import { describe, expect, it } from "vitest";
import { createComparisonTime } from "../../../src/lib/hashing/comparison-time.ts";

const setUp = () => {
  let now = 0;
  const time = createComparisonTime(() => now);
  const learn = (milliseconds: number, count = 1) => {
    for (let n = 0; n < count; n++) time.learn(milliseconds);
  };
  const advance = (milliseconds: number) => {
    now += milliseconds;
  };
  return { time, learn, advance };
};

describe("the time of a comparison", () => {
  it("is known after a few, and measured again after a while", () => {
    const { time, learn, advance } = setUp();
    learn(20, 7);
    expect(time.isKnown()).toBe(false);
    learn(20);
    expect(time.isKnown()).toBe(true);
    advance(2_000);
    expect(time.isKnown()).toBe(false);
    learn(20);
    expect(time.isKnown()).toBe(true);
  });

  it("forgets a busy moment soon, and rises to one with care", () => {
    const { time, learn } = setUp();
    learn(1_000);
    learn(20, 10);
    expect(time.milliseconds).toBeLessThan(60);
    learn(20, 20);
    learn(1_000);
    expect(time.milliseconds).toBeLessThan(130);
  });
});
