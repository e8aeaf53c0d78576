import type { Command } from "./command.ts";
import { explain } from "./explain.ts";
import { generalHelp } from "./help.ts";
import { parseCommandLine } from "./parse.ts";

/**
 * Runs a command line: the words after the program's name. Whatever goes wrong ends here, as one line where we know
 * what it means. Exit codes: 0 done, 1 it failed, 2 the command line was not understood.
 */
export const runCommandLine = async (args: readonly string[], commands: readonly Command[]): Promise<void> => {
  const parsed = parseCommandLine(args, commands);
  switch (parsed.kind) {
    case "help":
      console.log(parsed.command?.help ?? generalHelp(commands));
      break;
    case "mistake":
      console.error(`ostiary: ${parsed.message}`);
      process.exitCode = 2;
      break;
    case "run":
      try {
        await parsed.command.run(parsed.values, parsed.args);
      } catch (error) {
        console.error(explain(error));
        process.exitCode = 1;
      }
  }
};
