import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Growth, in bytes, after which what was thrown away is collected. */
const MOST = 40 * 1024 * 1024;

/**
 * Creates what bounds the memory of work that goes on for hours: called between two pieces of it, it collects what
 * they have thrown away once that has come to so many bytes. V8 alone would let it grow with the memory of the
 * machine, and never give it back while there is work. A collection takes some 40 ms.
 */
export const createGarbageBound = (most = MOST): (() => void) => {
  setFlagsFromString("--expose-gc");
  const collect: NodeJS.GCFunction = runInNewContext("gc");
  const look = (): number => {
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
    return process.memoryUsage.rss();
  };
  let left = look();
  return () => {
    if (process.memoryUsage.rss() > left + most) left = look();
  };
};
