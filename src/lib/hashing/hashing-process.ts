import { type ChildProcess, fork } from "node:child_process";
import os from "node:os";
import { fileURLToPath } from "node:url";
import type { Job, Request, Response } from "./job.ts";

/** The other process, as seen from here. */
export interface HashingProcess {
  /** Does a job. Starts the process when there is none; a job that a crash took with it is done once more. */
  run(job: Job): Promise<Response>;
  /** How often it ended by itself. */
  readonly crashes: number;
  readonly running: boolean;
  /** Ends it. Jobs under way fail. */
  close(): void;
}

/** How the process is run. */
export interface HashingProcessOptions {
  /** How many jobs run side by side. */
  readonly threads: number;
  /** Milliseconds without a job after which it ends, to give its memory back. */
  readonly idle: number;
  readonly onCrash: (how: string) => void;
}

interface Pending {
  readonly job: Job;
  readonly tries: number;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
}

const TRIES = 2;
/** Hashing takes what is left over. */
const NICE = 10;
const entry = fileURLToPath(new URL("./process.ts", import.meta.url));

/** Creates it. Nothing is started before the first job. */
export const createHashingProcess = ({ threads, idle, onCrash }: HashingProcessOptions): HashingProcess => {
  const pending = new Map<number, Pending>();
  let child: ChildProcess | undefined;
  let next = 0;
  let crashes = 0;
  let closed = false;
  let idleTimer: NodeJS.Timeout | undefined;

  const start = (): ChildProcess => {
    const started = fork(entry, [], {
      execArgv: [],
      // Nothing of the server's environment: it holds secrets.
      env: { UV_THREADPOOL_SIZE: String(threads), PATH: process.env.PATH ?? "" },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    lowerPriority(started.pid);
    started.on("message", (response: Response) => completeAuthentication(response));
    started.on("error", () => undefined);
    started.on("exit", (code, signal) => {
      if (child !== started) return;
      child = undefined;
      crashes += 1;
      onCrash(signal ?? `exit code ${code}`);
      restartPending();
    });
    // It must not keep a server alive that has nothing else to do; jobs under way do.
    started.unref();
    return started;
  };

  const completeAuthentication = (response: Response) => {
    const waiting = pending.get(response.id);
    pending.delete(response.id);
    waiting?.resolve(response);
    if (pending.size === 0) {
      child?.channel?.unref();
      clearTimeout(idleTimer);
      idleTimer = setTimeout(stop, idle);
      idleTimer.unref();
    }
  };

  const stop = () => {
    const ended = child;
    child = undefined;
    ended?.disconnect();
  };

  const restartPending = () => {
    const left = [...pending.entries()];
    pending.clear();
    for (const [, { job, tries, resolve, reject }] of left) {
      if (closed || tries >= TRIES) reject(new Error("the hashing process ended"));
      else send({ job, tries: tries + 1, resolve, reject });
    }
  };

  const send = (waiting: Pending) => {
    clearTimeout(idleTimer);
    child ??= start();
    const id = next++;
    pending.set(id, waiting);
    child.channel?.ref();
    // A failure shows as the end of the process, too.
    child.send({ id, job: waiting.job } satisfies Request, () => undefined);
  };

  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        if (closed) reject(new Error("hashing is closed"));
        else send({ job, tries: 1, resolve, reject });
      }),
    get crashes() {
      return crashes;
    },
    get running() {
      return child !== undefined;
    },
    close: () => {
      closed = true;
      clearTimeout(idleTimer);
      stop();
      restartPending();
    },
  };
};

const lowerPriority = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    os.setPriority(pid, NICE);
  } catch {
    // It ended already, or the system does not allow it: slower for others, not wrong.
  }
};
