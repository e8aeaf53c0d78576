import { Worker } from "node:worker_threads";
import type { Evaluated, Job } from "./evaluate.ts";
import type { WorkerLimits } from "./worker.ts";

/** Runs Jsonnet programs, one after the other, in a thread of their own. */
export interface JsonnetEngine {
  run(job: Job): Promise<Evaluated>;
  /** Ends the thread; what waits is answered with an error. */
  close(): Promise<void>;
}

/** What a program may take. */
export interface JsonnetLimits extends Partial<WorkerLimits> {
  /** Milliseconds of one job. */
  readonly timeLimit?: number;
  /** Milliseconds that a thread may take to start. */
  readonly startLimit?: number;
  /** Jobs that may wait. */
  readonly queueLimit?: number;
}

/** Of the JavaScript heap; the memory of the engine itself has its own limit. */
const HEAP_MB = 32;
const standard = {
  timeLimit: 1000,
  startLimit: 10_000,
  memoryLimit: 64 * 1024 * 1024,
  outputLimit: 65_536,
  queueLimit: 1000,
};

interface Waiting {
  readonly job: Job;
  readonly answer: (evaluated: Evaluated) => void;
}

interface Thread {
  readonly worker: Worker;
  ready: boolean;
}

/**
 * Creates the engine. Its thread starts with the first job and lives for as
 * long as it behaves: a job that takes too long, or too much memory, ends it,
 * is answered with an error, and the next one gets a fresh thread.
 */
export const createJsonnetEngine = (limits: JsonnetLimits = {}): JsonnetEngine => {
  const { timeLimit, startLimit, queueLimit, ...workerData } = { ...standard, ...limits };
  const queue: Waiting[] = [];
  let thread: Thread | undefined;
  let current: Waiting | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const finish = (evaluated: Evaluated): void => {
    clearTimeout(timer);
    const done = current;
    current = undefined;
    done?.answer(evaluated);
    next();
  };

  const retire = (one: Thread, explain: string): void => {
    if (thread !== one) return;
    thread = undefined;
    one.worker.removeAllListeners();
    one.worker.on("error", () => undefined);
    void one.worker.terminate();
    finish(notEnded(explain));
  };

  const begin = (one: Thread): void => {
    if (!current) return;
    clearTimeout(timer);
    timer = setTimeout(() => retire(one, `the program took longer than ${timeLimit} ms`), timeLimit);
    one.worker.postMessage(current.job);
  };

  const start = (): Thread => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: workerData satisfies WorkerLimits,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 8, stackSizeMb: 4 },
      // Neither the environment nor what a program prints is of any use to the other.
      env: {},
      stdout: true,
      stderr: true,
    });
    const one: Thread = { worker, ready: false };
    worker.on("message", (message: Evaluated | "ready") => {
      if (message !== "ready") return finish(message);
      one.ready = true;
      begin(one);
    });
    worker.on("error", () => retire(one, "the program took more memory than it may"));
    worker.on("exit", () => retire(one, "the program ended its thread"));
    // An engine at rest keeps no process alive.
    worker.unref();
    timer = setTimeout(() => retire(one, "the thread for programs did not start"), startLimit);
    return one;
  };

  const next = (): void => {
    if (current || closed) return;
    current = queue.shift();
    if (!current) return;
    try {
      thread ??= start();
    } catch {
      // The system has no thread to give now. The next job tries again.
      finish(notEnded("the thread for programs could not be started"));
      return;
    }
    if (thread.ready) begin(thread);
  };

  return {
    run: (job) => {
      if (closed || queue.length >= queueLimit)
        return Promise.resolve(notEnded(closed ? stopping : "too many programs wait"));
      return new Promise((answer) => {
        queue.push({ job, answer });
        next();
      });
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      const waiting = [...(current ? [current] : []), ...queue.splice(0)];
      current = undefined;
      for (const { answer } of waiting) answer(notEnded(stopping));
      await thread?.worker.terminate();
      thread = undefined;
    },
  };
};

const stopping = "the server is stopping";

/** A program that did not end: what is wrong is not the program, or is not known to be. */
const notEnded = (explain: string): Evaluated => ({ kind: "error", explain, transient: true });
