import { type ChildProcess, fork } from "node:child_process";
import os from "node:os";
import { fileURLToPath } from "node:url";
import type { Job, Request, Response } from "./job.ts";
import { HashingOverloaded } from "./queue.ts";

/** The other process, as seen from here. */
export interface HashingProcess {
  /**
   * Does a job. Starts the process when there is none; a job that a crash took with it is done once more.
   *
   * @throws HashingOverloaded where no process can be started now
   */
  run(job: Job): Promise<Response>;
  /** How often it ended by itself, or could not be started. */
  readonly crashes: number;
  /** Why it could not be started the last time; undefined: it could. It is tried again by itself. */
  readonly problem: string | undefined;
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
  /** The program that it is run by. Default: that of this process. */
  readonly executable?: () => string;
}

interface Pending {
  readonly job: Job;
  readonly tries: number;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
}

const TRIES = 2;
/** Milliseconds after which a process that could not be started is tried again, whether there is a job or not. */
const AGAIN_MS = 1_000;
/** Seconds after which a client may try again meanwhile. */
const RETRY_AFTER = 1;
/** Hashing takes what is left over. */
const NICE = 10;
const entry = fileURLToPath(new URL("./process.ts", import.meta.url));

/** Creates it. Nothing is started before the first job. */
export const createHashingProcess = ({
  threads,
  idle,
  onCrash,
  executable = () => process.execPath,
}: HashingProcessOptions): HashingProcess => {
  const pending = new Map<number, Pending>();
  let child: ChildProcess | undefined;
  let next = 0;
  let crashes = 0;
  let closed = false;
  let idleTimer: NodeJS.Timeout | undefined;
  let problem: string | undefined;
  let againTimer: NodeJS.Timeout | undefined;

  const start = (): ChildProcess => {
    const started = fork(entry, [], {
      execPath: executable(),
      execArgv: [],
      env: environmentFor(threads),
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    lowerPriority(started.pid);
    started.on("message", (response: Response) => complete(response));
    started.once("spawn", () => {
      problem = undefined;
    });
    // Of a process that runs it says that a message did not arrive; such a one ends by itself.
    started.on("error", (error) => {
      if (started.pid !== undefined || child !== started) return;
      child = undefined;
      notStarted(error);
      restartPending(new HashingOverloaded(RETRY_AFTER));
    });
    started.on("exit", (code, signal) => {
      if (child !== started) return;
      child = undefined;
      crashes += 1;
      onCrash(signal ?? `exit code ${code}`);
      restartPending(new Error("the hashing process ended"));
    });
    // It must not keep a server alive that has nothing else to do; jobs under way do.
    started.unref();
    return started;
  };

  /** Memory, descriptors or processes ran out, or its program is not there. Nobody may come to try it again. */
  const notStarted = (error: unknown) => {
    problem = `its process cannot be started (${(error as NodeJS.ErrnoException).code ?? "unknown"})`;
    crashes += 1;
    onCrash(problem);
    clearTimeout(againTimer);
    againTimer = setTimeout(() => {
      if (closed || !ensureStarted() || pending.size > 0) return;
      child?.channel?.unref();
      stopWhenIdle();
    }, AGAIN_MS);
    againTimer.unref();
  };

  const ensureStarted = (): boolean => {
    try {
      child ??= start();
      return true;
    } catch (error) {
      notStarted(error);
      return false;
    }
  };

  const stopWhenIdle = () => {
    clearTimeout(idleTimer);
    idleTimer = setTimeout(stop, idle);
    idleTimer.unref();
  };

  const complete = (response: Response) => {
    const waiting = pending.get(response.id);
    pending.delete(response.id);
    waiting?.resolve(response);
    if (pending.size === 0) {
      child?.channel?.unref();
      stopWhenIdle();
    }
  };

  const stop = () => {
    const ended = child;
    child = undefined;
    if (ended?.connected === true) ended.disconnect();
  };

  /** @param error of those that were tried often enough */
  const restartPending = (error: Error) => {
    const left = [...pending.entries()];
    pending.clear();
    for (const [, { job, tries, resolve, reject }] of left) {
      if (closed || tries >= TRIES) reject(error);
      else send({ job, tries: tries + 1, resolve, reject });
    }
  };

  const send = (waiting: Pending) => {
    clearTimeout(idleTimer);
    if (!ensureStarted()) return waiting.reject(new HashingOverloaded(RETRY_AFTER));
    const id = next++;
    pending.set(id, waiting);
    // One that could not be started has no channel, or none to anybody; its error comes in a moment.
    if (child?.pid === undefined) return;
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
    get problem() {
      return problem;
    },
    get running() {
      return child?.pid !== undefined;
    },
    close: () => {
      closed = true;
      clearTimeout(idleTimer);
      clearTimeout(againTimer);
      stop();
      restartPending(new Error("hashing is closed"));
    },
  };
};

/**
 * Nothing else of the server's environment: it holds secrets. With the folder of compiled code the process starts in a
 * third of the time.
 */
const environmentFor = (threads: number): NodeJS.ProcessEnv => {
  const { PATH = "", NODE_COMPILE_CACHE } = process.env;
  return { UV_THREADPOOL_SIZE: String(threads), PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }) };
};

const lowerPriority = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    os.setPriority(pid, NICE);
  } catch {
    // It ended already, or the system does not allow it: slower for others, not wrong.
  }
};
