import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type AdmissionOptions, createDeliveryAdmission } from "../../../src/jobs/admission.ts";

const never = new AbortController().signal;
const admissionOf = (options: Partial<AdmissionOptions> = {}) =>
  createDeliveryAdmission({ limit: () => 1, most: 3, isBusy: () => false, ...options });

afterEach(() => void vi.useRealTimers());

describe("turns of messages", () => {
  it("are as many at once as the pace allows, and the longest queued comes first", async () => {
    const admission = admissionOf();
    const order: string[] = [];
    const first = await admission.begin(0, never);
    const rest = [
      admission.begin(10, never).then((end) => order.push("young") && end()),
      admission.begin(500, never).then((end) => order.push("old") && end()),
    ];
    await sleep(20);
    expect(order).toEqual([]);
    first();
    await Promise.all(rest);
    expect(order).toEqual(["old", "young"]);
  });

  it("are kept apart beside calls, but not for a message that waits for long", async () => {
    vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
    const admission = admissionOf({ isBusy: () => true });
    const end = await admission.begin(0, never);
    await vi.advanceTimersByTimeAsync(100);
    end();
    // No time goes by: one that had to wait would wait for ever.
    const old = await admission.begin(10_000, never);
    old();
    let isNext = false;
    const next = admission.begin(0, never).then((ended) => {
      isNext = true;
      ended();
    });
    await vi.advanceTimersByTimeAsync(9);
    expect(isNext).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    await next;
  });

  it("are not held up by a delivery that takes long", async () => {
    const admission = admissionOf();
    const ends = [await admission.begin(0, never), await admission.begin(0, never), await admission.begin(0, never)];
    expect(admission.slow).toBe(2);
    let isFourth = false;
    const fourth = admission.begin(0, never).then((end) => {
      isFourth = true;
      return end;
    });
    await sleep(1_100);
    // No more than the most, however slow they are.
    expect(isFourth).toBe(false);
    for (const end of ends) end();
    (await fourth)();
    expect(admission.slow).toBe(0);
  });

  it("end with their signal", async () => {
    const admission = admissionOf();
    const end = await admission.begin(0, never);
    const stop = new AbortController();
    const waiting = admission.begin(0, stop.signal);
    stop.abort(new Error("the server stops"));
    await expect(waiting).rejects.toThrow("the server stops");
    await expect(admission.begin(0, stop.signal)).rejects.toThrow("the server stops");
    end();
    (await admission.begin(0, never))();
  });
});
