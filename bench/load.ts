import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import type { Shot } from "./shot.ts";

/** What a load generator is asked to do. */
export interface LoadJob {
  readonly baseUrl: string;
  /** Sent one after the other, over and over, by all connections together. */
  readonly shots: readonly Shot[];
  readonly connections: number;
  /** Seconds. */
  readonly duration: number;
  /** The status of a right answer. */
  readonly status: number;
  /** Mean milliseconds that a connection rests between an answer and its next request; 0: none. */
  readonly rest?: number;
}

/** What came of it. Times in milliseconds. */
export interface LoadResult {
  readonly requests: number;
  /** Sent, but not waited for when the time was over: the server did these as well. */
  readonly left: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers of another status, broken connections, timeouts. */
  readonly wrong: number;
}

/** A program of its own that sends requests and measures. */
export interface LoadGenerator {
  readonly name: string;
  run(job: LoadJob): Promise<LoadResult>;
}

/** Path of a program on this machine. */
export const findProgram = (name: string): string | undefined =>
  (process.env.PATH ?? "")
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/** Runs a program to its end and returns what it printed. Throws with its last words when it fails. */
export const runProgram = (program: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let [output, complaints] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaints += text;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${path.basename(program)} failed: ${complaints.slice(-500)}${output.slice(-500)}`));
    });
  });

/** The value below which a share of a sorted list lies. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
