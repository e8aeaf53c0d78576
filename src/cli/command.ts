import type { ParseArgsOptionsConfig } from "node:util";

/** What an option was set to: a flag, a text, or each text of one that may be repeated. */
export type OptionValues = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** A word after `ostiary`. Its file says what there is to say and loads the work only when it is run. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole text of `--help`, with examples. */
  readonly help: string;
  /** As `node:util` parseArgs takes them; `--help` is added. */
  readonly options: ParseArgsOptionsConfig;
  /** Whether words that are no options may follow. */
  readonly takesArguments?: boolean;
  /** Resolves when all is done. Throws what `explain` can put into words. */
  run(values: OptionValues, args: readonly string[]): Promise<void>;
}

/** A failure whose message says all that the person at the terminal needs, in one line. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
