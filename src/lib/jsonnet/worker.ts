import { parentPort, workerData } from "node:worker_threads";
import { evaluate, type Job } from "./evaluate.ts";
import { loadJsonnet } from "./jsonnet.ts";

/** What the engine tells its worker at its start: bytes and characters. */
export interface WorkerLimits {
  readonly memoryLimit: number;
  readonly outputLimit: number;
}

/*
 * The thread that programs run in. It takes one job at a time and answers it;
 * whoever started it ends it when a job takes too long. A trap of the engine
 * (memory, above all) ends the thread by itself.
 */
const { memoryLimit, outputLimit } = workerData as WorkerLimits;
const jsonnet = loadJsonnet(memoryLimit);
parentPort?.on("message", (job: Job) => parentPort?.postMessage(evaluate(jsonnet, job, outputLimit)));
parentPort?.postMessage("ready");
