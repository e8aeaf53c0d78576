import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LOOK_EVERY = 10_000;
/** It rests while less of that time than this share is work. */
const REST = 0.05;
/** Growth, in bytes, that is worth a collection. */
const WORTH = 24 * 1024 * 1024;

/**
 * Gives back the memory that starting has used up, and later what load has used up, each time once the process rests:
 * V8 keeps the room of what it has thrown away for as long as nothing presses. A collection takes some 40 ms, and only
 * follows 10 seconds in which there was hardly anything to do.
 *
 * @param lookEvery how often the process looks whether it rests, in milliseconds
 * @returns ends it
 */
export const giveBackMemory = (lookEvery = LOOK_EVERY): (() => void) => {
  setFlagsFromString("--expose-gc");
  const collect: NodeJS.GCFunction = runInNewContext("gc");
  const giveBack = (): number => {
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
    return process.memoryUsage.rss();
  };
  let atRest = giveBack();
  let before = performance.eventLoopUtilization();
  const look = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    try {
      // What did not go then would not go now: only what was added since counts.
      if (utilization < REST && process.memoryUsage.rss() > atRest + WORTH) atRest = giveBack();
    } catch {
      // How much is used stands in a file, and descriptors may have run out.
    }
  }, lookEvery).unref();
  return () => clearInterval(look);
};
