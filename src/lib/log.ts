import pino, { type Logger } from "pino";
import { describeError } from "./log-error.ts";
import { createLogOutput, type LogSink } from "./log-output.ts";
import { toText } from "./log-text.ts";

/** What the parts of the server may do with the log. */
export type Log = Pick<Logger, "info" | "warn" | "error">;

/** The log of the server. */
export interface ServerLog extends Log {
  readonly debug: Logger["debug"];
  /** Writes what is still in memory. To be called last. */
  readonly flush: () => void;
}

/** What `createLog` needs. */
export interface LogSettings {
  /** pino's levels, and `warning` and `panic` as configurations of Ory Kratos have them. */
  readonly level: string;
  readonly format: "json" | "text";
}

const otherNames: Readonly<Record<string, string>> = { warning: "warn", panic: "fatal" };

/** From this level on a line is written at once: it may be the last one of the process. */
const waitsForNothing = pino.levels.values.warn ?? 0;

/** Text of the current millisecond; formatting a date costs more than the rest of a line. */
const createTime = (): (() => string) => {
  let at = 0;
  let text = "";
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
  };
};

/**
 * Creates the structured log: one JSON object a line (or text for people), on
 * standard output (`createLogOutput`). Errors are logged by `describeError`, so
 * that no value of a statement or a body gets in.
 */
export const createLog = ({ level, format }: LogSettings, sink: LogSink = createLogOutput()): ServerLog => {
  // pino leaves the level of a line here before it writes it.
  const destination = {
    [pino.symbols.needsMetadataGsym]: true as const,
    lastLevel: 0,
    write(line: string) {
      sink.write(format === "text" ? toText(line) : line);
      if (this.lastLevel >= waitsForNothing) sink.flush?.();
    },
  };
  const logger = pino(
    {
      level: otherNames[level] ?? level,
      base: null,
      timestamp: createTime(),
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    destination,
  );
  return {
    debug: logger.debug.bind(logger),
    info: logger.info.bind(logger),
    warn: logger.warn.bind(logger),
    error: logger.error.bind(logger),
    flush: () => sink.flushSync?.(),
  };
};
