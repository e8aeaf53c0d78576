import { describe, expect, it } from "vitest";
import { createFailureFloor } from "../../../src/limits/failure-floor.ts";

const never = new AbortController().signal;

/** A floor whose waits are noted and do not happen, by a clock that only tries move. */
const setUp = (maxWait = 10_000) => {
  const waits: number[] = [];
  let at = 0;
  const wait = async (milliseconds: number) => void waits.push(milliseconds);
  const floor = createFailureFloor({ maxWait, wait, now: () => at });
  /** A try whose verification takes so many milliseconds, after it has waited for its turn. */
  const tried = (kind: string, takes: number, failed = true, queued = 0) =>
    floor.hold(never, async (timed) => {
      at += queued;
      timed.began(queued);
      at += takes;
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
    expect(floor.milliseconds).toBe(150);
    // The quick one waits for all that the slow one takes longer.
    expect(waits.at(-1)).toBe(145);
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
    expect(waits).toEqual([62.5]);
  });

  it("does not count time in the queue", async () => {
    const { floor, waits, tried } = setUp();
    await tried("usual", 10, true, 300);
    expect(floor.milliseconds).toBe(12.5);
    // All of the floor is still to come when the turn comes late.
    expect(waits).toEqual([2.5]);
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

  /** A floor that waits in real time, and has learned what it holds back for. */
  const waiting = async (milliseconds: number) => {
    let at = 0;
    const floor = createFailureFloor({ maxWait: 200_000, now: () => at });
    await floor.hold(never, async (timed) => {
      timed.began(0);
      at += milliseconds / 1.25;
      timed.verified("slow");
      return { failed: false, value: undefined };
    });
    return floor;
  };
  const fail = async () => ({ failed: true, value: "no" });

  it("waits in real time", async () => {
    const floor = await waiting(300);
    const started = performance.now();
    expect(await floor.hold(never, fail)).toBe("no");
    // A timer may fire within the millisecond before.
    expect(performance.now() - started).toBeGreaterThanOrEqual(299);
  });

  it("waits no longer when nobody waits for the answer any more", async () => {
    // Longer than a test may take.
    const floor = await waiting(200_000);
    const gone = new AbortController();
    const held = floor.hold(gone.signal, fail);
    setImmediate(() => gone.abort());
    expect(await held).toBe("no");
  });
});
