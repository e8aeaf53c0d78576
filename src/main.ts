import { commands } from "./cli/commands.ts";
import { explain } from "./cli/explain.ts";
import { generalHelp } from "./cli/help.ts";
import { parseCommandLine } from "./cli/parse.ts";

/*
 * The command `ostiary`. Finds out what is asked for and leaves it to the
 * command's file in cli/; whatever goes wrong ends here, as one line where we
 * know what it means. Knows nothing of servers and databases, so that `--help`
 * and mistyped commands answer at once.
 *
 * Exit codes: 0 done, 1 it failed, 2 the command line was not understood.
 */

const parsed = parseCommandLine(process.argv.slice(2), commands);
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
