import { parseArgs } from "node:util";
import { meant } from "../config/nearest.ts";
import type { Command, OptionValues } from "./command.ts";

/** What a command line asks for. */
export type Parsed =
  | { readonly kind: "run"; readonly command: Command; readonly values: OptionValues; readonly args: readonly string[] }
  | { readonly kind: "help"; readonly command: Command | undefined }
  /** In one line, without the program's name. */
  | { readonly kind: "mistake"; readonly message: string };

const help = "(ostiary --help lists the commands)";

/**
 * Reads a command line: the words after the program's name. Without any it is a call for help.
 *
 * Options are read by Node's own `parseArgs`. `commander` does not do in its place: it takes an option for the value of
 * the one before (`-c --dev` reads a file called --dev), says of `--dev=1` that there is no such option, and does not
 * name an argument that is too much. It would be wrapped in the sentences and texts that stand here anyway.
 */
export function parseCommandLine(args: readonly string[], commands: readonly Command[]): Parsed {
  const [word, ...rest] = args;
  if (word === undefined || word === "--help" || word === "-h") return { kind: "help", command: undefined };
  if (word === "help")
    return rest[0] === undefined
      ? { kind: "help", command: undefined }
      : parseCommandLine([...rest, "--help"], commands);
  const [second, ...others] = rest;
  const inGroup = commands.find(({ name }) => name === `${word} ${second}`);
  if (inGroup !== undefined) return parseOptions(inGroup, others);
  const group = commands.filter(({ name }) => name.startsWith(`${word} `));
  if (group.length > 0) return parseGroup(word, second, group);
  const command = commands.find(({ name }) => name === word || `--${name}` === word);
  if (command === undefined) {
    const close = meant(
      word.replace(/^-+/, ""),
      commands.map(({ name }) => name),
    );
    const what = word.startsWith("-") ? "option" : "command";
    const hint = close === undefined ? "" : `, did you mean ${close}?`;
    return { kind: "mistake", message: `unknown ${what} ${JSON.stringify(word)}${hint} ${help}` };
  }
  return parseOptions(command, rest);
}

/** The first word of commands of two words, without a second one that is known. */
function parseGroup(word: string, second: string | undefined, group: readonly Command[]): Parsed {
  const names = group.map(({ name }) => name.slice(word.length + 1));
  const close = second === undefined ? undefined : meant(second, names);
  return {
    kind: "mistake",
    message: `${word} needs one of ${names.join(", ")}${close === undefined ? "" : `; did you mean ${close}?`} ${help}`,
  };
}

function parseOptions(command: Command, args: readonly string[]): Parsed {
  const options = { ...command.options, help: { type: "boolean", short: "h" } } as const;
  const mistake = (message: string): Parsed => ({
    kind: "mistake",
    message: `${message} (ostiary ${command.name} --help lists the options)`,
  });
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional" && command.takesArguments !== true)
      return mistake(`${command.name} takes no argument ${JSON.stringify(token.value)}`);
    if (token.kind === "option" && !Object.hasOwn(options, token.name)) {
      const close = meant(token.name, Object.keys(options));
      return mistake(`unknown option ${token.rawName}${close === undefined ? "" : `, did you mean --${close}?`}`);
    }
  }
  try {
    const allowPositionals = command.takesArguments === true;
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals });
    return values.help === true ? { kind: "help", command } : { kind: "run", command, values, args: positionals };
  } catch (error) {
    const [sentence = ""] = (error instanceof Error ? error.message : String(error)).split(/\.?\n|\. /);
    return mistake(`${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`);
  }
}
