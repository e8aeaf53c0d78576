import { parentPort, workerData } from "node:worker_threads";
import type { MoveReport, RefusedPerson } from "../move-in/report.ts";
import { explain } from "./explain.ts";
import { movePart, type PartCall } from "./move-part.ts";

/** What a thread of a move tells whoever started it. */
export type MoveMessage =
  | { readonly kind: "refused"; readonly person: RefusedPerson }
  | { readonly kind: "progress"; readonly done: number }
  | { readonly kind: "report"; readonly report: MoveReport }
  /** It could not go on, and why: what the command says of it. */
  | { readonly kind: "failed"; readonly explain: string };

/*
 * One thread of a move. Whatever it is sent asks it to end after the batches that are under way.
 */
const stop = new AbortController();
const tell = (message: MoveMessage): void => parentPort?.postMessage(message);
parentPort?.once("message", () => stop.abort());
try {
  const report = await movePart(workerData as PartCall, {
    signal: stop.signal,
    onRefused: (person) => tell({ kind: "refused", person }),
    onProgress: (done) => tell({ kind: "progress", done }),
  });
  tell({ kind: "report", report });
} catch (error) {
  tell({ kind: "failed", explain: explain(error).replace(/^ostiary: /, "") });
}
parentPort?.close();
