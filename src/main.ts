import { commands } from "./cli/commands.ts";
import { runCommandLine } from "./cli/run.ts";

/*
 * The command `ostiary`. Finds out what is asked for and leaves it to the
 * command's file in cli/. Knows nothing about servers and databases, so that
 * `--help` and mistyped commands answer at once.
 */

await runCommandLine(process.argv.slice(2), commands);
