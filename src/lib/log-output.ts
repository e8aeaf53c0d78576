import pino from "pino";

/** Takes finished lines. */
export interface LogSink {
  write(line: string): void;
  /** Begins to write what is still in memory. */
  flush?(): void;
  /** Writes what is still in memory before it returns. */
  flushSync?(): void;
}

/** Bytes that are written at once, and milliseconds that a line waits at most for others. */
const gathered = { bytes: 4096, ms: 20 };

/**
 * Standard output, written in the background. Lines of a few milliseconds are written together: a busy server would
 * otherwise spend as much on handing each line to the system as on a statement. A process that is killed loses those.
 */
export const createLogOutput = (fd = 1): LogSink => {
  const output = pino.destination({ dest: fd, sync: false, minLength: gathered.bytes });
  let waits = false;
  const flush = (): void => {
    waits = false;
    output.flush();
  };
  return {
    write: (line) => {
      output.write(line);
      if (waits) return;
      waits = true;
      setTimeout(flush, gathered.ms).unref();
    },
    flush: () => output.flush(),
    flushSync: () => output.flushSync(),
  };
};
