import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createReadingPace } from "../../../src/server/reading-pace.ts";

/* How slowly answers that are a stream may be read. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const setUp = () => {
  const onLate = vi.fn();
  return { onLate, pace: createReadingPace({ onLate }) };
};

it("a client that reads nothing is late after fifteen seconds, once", () => {
  const { onLate, pace } = setUp();
  pace.offer(0);
  vi.advanceTimersByTime(15_000);
  expect(onLate).not.toHaveBeenCalled();
  vi.advanceTimersByTime(600_000);
  expect(onLate).toHaveBeenCalledOnce();
});

it("each megabyte that was offered gives fifteen seconds more, and all that was waited for counts", () => {
  const { onLate, pace } = setUp();
  for (let parts = 0; parts < 20; parts++) {
    const isRead = pace.offer(500_000);
    vi.advanceTimersByTime(8_000);
    isRead();
  }
  expect(onLate).not.toHaveBeenCalled();
  pace.offer(0);
  vi.advanceTimersByTime(5_000);
  expect(onLate).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(onLate).toHaveBeenCalledOnce();
});

it("a step of the clock is no time that a client took", () => {
  const { onLate, pace } = setUp();
  pace.offer(0);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(14_000);
  expect(onLate).not.toHaveBeenCalled();
  vi.setSystemTime(Date.now() - 7_200_000);
  vi.advanceTimersByTime(2_000);
  expect(onLate).toHaveBeenCalledOnce();
});

it("nothing counts while the client waits for the server", () => {
  const { onLate, pace } = setUp();
  pace.offer(100)();
  vi.advanceTimersByTime(3_600_000);
  pace.offer(100);
  vi.advanceTimersByTime(14_000);
  expect(onLate).not.toHaveBeenCalled();
});
