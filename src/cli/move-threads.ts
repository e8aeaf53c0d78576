import { Worker } from "node:worker_threads";
import type { MoveOptions } from "../move-in/move-deps.ts";
import { type MoveReport, sumReports } from "../move-in/report.ts";
import { CommandError } from "./command.ts";
import type { MoveInCall } from "./move-in-call.ts";
import type { PartCall } from "./move-part.ts";
import type { MoveMessage } from "./move-thread.ts";

/** How a move is followed and ended. */
type Following = Required<Pick<MoveOptions, "signal" | "onRefused">> & {
  /** People that all threads are done with. */
  readonly onProgress: (done: number) => void;
};

/**
 * Moves by several threads, each a share of the ids: to convert a person takes longer than to write it, and one thread
 * uses one processor.
 *
 * @throws CommandError what made a thread give up; the others have ended by then
 */
export const moveByThreads = async (call: MoveInCall, threads: number, following: Following): Promise<MoveReport> => {
  const failed = new AbortController();
  const signal = AbortSignal.any([following.signal, failed.signal]);
  const done = Array.from({ length: threads }, () => 0);
  const ended = await Promise.allSettled(
    done.map(async (_, number) => {
      try {
        return await runThread({ call, part: { number, of: threads } }, signal, (message) => {
          if (message.kind === "refused") following.onRefused(message.person);
          if (message.kind !== "progress") return;
          done[number] = message.done;
          following.onProgress(done.reduce((sum, each) => sum + each));
        });
      } catch (error) {
        failed.abort();
        throw error;
      }
    }),
  );
  return sumReports(
    ended.map((each) => {
      if (each.status === "rejected") throw each.reason;
      return each.value;
    }),
  );
};

/** Size of the young generation of the heap of a thread, in MB. */
const YOUNG_GENERATION_MB = 96;

const runThread = (
  workerData: PartCall,
  signal: AbortSignal,
  onMessage: (message: MoveMessage) => void,
): Promise<MoveReport> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./move-thread.ts", import.meta.url), {
      workerData,
      // The objects of a batch live until it is written: a small young generation copies them at each collection.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    const stop = (): void => worker.postMessage("stop");
    signal.addEventListener("abort", stop, { once: true });
    worker.on("message", (message: MoveMessage) => {
      onMessage(message);
      if (message.kind === "report") resolve(message.report);
      if (message.kind === "failed") reject(new CommandError(message.explain));
    });
    worker.once("error", reject);
    worker.once("exit", (code) => {
      signal.removeEventListener("abort", stop);
      reject(new CommandError(`a thread of the move ended with ${code}`));
    });
    if (signal.aborted) stop();
  });
