import { type Logger, pino } from "pino";
import type { Config } from "../config/config.ts";

/** What is told before and after the server has a log of its own. */
export interface StartLog {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}

/** Creates it, on stderr: lines for people, or JSON as configured. */
export function createStartLog({ format, level }: Config["log"]): StartLog {
  if (format === "json") return pino({ level, base: null }, pino.destination({ fd: 2, sync: true })) satisfies Logger;
  const line = (_: object, message: string) => console.error(`ostiary: ${message}`);
  return { info: line, warn: line, error: line };
}
