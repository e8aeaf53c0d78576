import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createAlarm } from "../../../src/lib/alarm.ts";
import { startDeadline } from "../../../src/lib/deadline.ts";

describe("a deadline", () => {
  it("aborts its signal when the time is over", async () => {
    const { signal, isOver } = startDeadline(10);
    expect([signal.aborted, isOver()]).toEqual([false, false]);
    await expect.poll(() => [signal.aborted, isOver()]).toEqual([true, true]);
  });

  it("is aborted with the signal that it stands in, for its reason, and is not over then", async () => {
    const outer = new AbortController();
    const [running, late] = [startDeadline(20, outer.signal), new Error("the server stops")];
    outer.abort(late);
    await sleep(40);
    expect([running.signal.reason, running.isOver()]).toEqual([late, false]);
    expect(startDeadline(20, outer.signal).signal.reason).toBe(late);
  });

  it("that has ended aborts nothing", async () => {
    const outer = new AbortController();
    const { signal, end } = startDeadline(10, outer.signal);
    end();
    outer.abort();
    await sleep(30);
    expect(signal.aborted).toBe(false);
  });
});

describe("an alarm", () => {
  it("ends a pause, also one that begins after it was rung, and no further one", async () => {
    const alarm = createAlarm();
    const pause = alarm.wait(60_000);
    alarm.ring();
    expect(await pause).toBe(true);
    alarm.ring();
    expect(await alarm.wait(60_000)).toBe(true);
    expect(await alarm.wait(5)).toBe(false);
  });
});
