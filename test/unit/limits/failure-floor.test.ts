import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createFailureFloor } from "../../../src/limits/failure-floor.ts";

const never = new AbortController().signal;

/** A floor whose waits are noted and do not happen. */
const setUp = (longest = 10_000) => {
  const waits: number[] = [];
  const floor = createFailureFloor({ longest, wait: async (milliseconds) => void waits.push(milliseconds) });
  /** A try whose verification takes a while, after it has waited for its turn. */
  const tried = (kind: string, takes: number, failed = true, waits = 0) =>
    floor.hold(never, async (timed) => {
      const queued = performance.now();
      await sleep(waits);
      timed.began(performance.now() - queued);
      await sleep(takes);
      timed.verified(kind);
      return { failed, value: kind };
    });
  return { floor, waits, tried };
};

describe("the floor under failed sign-ins", () => {
  it("is that of the slowest kind, above what it takes", async () => {
    const { floor, waits, tried } = setUp();
    await tried("slow", 120);
    await tried("quick", 5);
    expect(floor.milliseconds).toBeGreaterThan(120);
    // The quick one waits for all that the slow one takes longer.
    expect(waits.at(-1)).toBeGreaterThan(60);
  });

  it("holds back what throws, and nothing that succeeds", async () => {
    const { floor, waits, tried } = setUp();
    await tried("slow", 50, false);
    expect(waits).toEqual([]);
    await expect(
      floor.hold(never, async () => {
        throw new Error("limited");
      }),
    ).rejects.toThrow("limited");
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThan(20);
  });

  it("does not count time in the queue", async () => {
    const { floor, waits, tried } = setUp();
    await tried("usual", 10, true, 300);
    expect(floor.milliseconds).toBeLessThan(200);
    // All of the floor is still to come when the turn comes late.
    expect(waits.at(-1)).toBeGreaterThan(0);
  });

  it("moves slowly: one that is quick or slow for once hardly changes it", async () => {
    const { floor, tried } = setUp();
    for (let n = 0; n < 40; n++) await tried("usual", 20);
    const usual = floor.milliseconds;
    await tried("usual", 0);
    expect(floor.milliseconds).toBeGreaterThan(usual * 0.9);
    await tried("usual", 400);
    // Halfway to what it took.
    expect(floor.milliseconds).toBeGreaterThan(1.25 * 200);
    expect(floor.milliseconds).toBeLessThan(1.25 * 400);
  });

  it("is capped", async () => {
    const { floor, tried } = setUp(40);
    await tried("slow", 80);
    expect(floor.milliseconds).toBe(40);
  });

  it("waits in real time, until nobody waits for the answer any more", async () => {
    const floor = createFailureFloor({ longest: 5_000 });
    const gone = new AbortController();
    await floor.hold(never, async (timed) => {
      timed.began(0);
      await sleep(400);
      timed.verified("slow");
      return { failed: false, value: undefined };
    });
    const started = performance.now();
    const held = floor.hold(gone.signal, async () => ({ failed: true, value: "no" }));
    await sleep(50);
    gone.abort();
    expect(await held).toBe("no");
    expect(performance.now() - started).toBeLessThan(400);
    const again = performance.now();
    await floor.hold(never, async () => ({ failed: true, value: "no" }));
    expect(performance.now() - again).toBeGreaterThan(400);
  });
});
