import { performance } from "node:perf_hooks";

/** From which share of its time on the event loop counts as busy. */
const BUSY = 0.7;
/** Milliseconds between two looks at least. */
const WINDOW_MS = 50;

/**
 * Creates what tells whether the event loop is busy with calls: whether it had hardly a pause, and some were begun,
 * since it was last asked.
 *
 * @param begun how many calls were begun so far
 */
export const createLoopLoad = (begun: () => number): (() => boolean) => {
  let [since, calls, usage] = [performance.now(), begun(), performance.eventLoopUtilization()];
  let isBusy = false;
  return () => {
    const now = performance.now();
    if (now - since < WINDOW_MS) return isBusy;
    const { utilization } = performance.eventLoopUtilization(usage);
    isBusy = utilization >= BUSY && begun() > calls;
    [since, calls, usage] = [now, begun(), performance.eventLoopUtilization()];
    return isBusy;
  };
};
