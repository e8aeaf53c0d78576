import type { Command } from "./command.ts";

/** Writes the script by which a shell completes the commands. */
export const completionScript = (shell: "bash" | "zsh" | "fish", commands: readonly Command[]): string => {
  if (shell === "fish") return fish(commands);
  // zsh reads what bash does.
  return shell === "zsh" ? `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}` : bash(commands);
};

/** The words that a command line may begin with, each with what may follow. */
const firstWords = (commands: readonly Command[]): ReadonlyMap<string, readonly string[]> => {
  const words = new Map<string, string[]>();
  for (const { name } of commands) {
    const [first = "", second] = name.split(" ");
    const seconds = words.get(first) ?? [];
    if (second !== undefined) seconds.push(second);
    words.set(first, seconds);
  }
  return words;
};

const optionsOf = ({ options }: Command): string[] => [...Object.keys(options).map((name) => `--${name}`), "--help"];

/** Options that are followed by the name of a file. */
const isOfFile = (name: string): boolean =>
  ["config", "from-config", "api-key-file", "connection", "data-dir"].includes(name);

const bash = (commands: readonly Command[]): string => {
  const words = firstWords(commands);
  const seconds = [...words].flatMap(([first, list]) =>
    list.length === 0 ? [] : [`    ${first}) words="${list.join(" ")}" ;;`],
  );
  const options = commands.map((command) => `    "${command.name}") words="${optionsOf(command).join(" ")}" ;;`);
  const ofFiles = [...new Set(commands.flatMap(({ options: all }) => Object.keys(all)))].filter(isOfFile);
  return `_ostiary() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  local first="\${COMP_WORDS[1]}" second="\${COMP_WORDS[2]}"
  COMPREPLY=()
  case "$before" in
    ${[...ofFiles.map((name) => `--${name}`), "-c"].join("|")}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${[...words.keys(), "help"].join(" ")}" -- "$current"))
    return
  fi
  if [ "$COMP_CWORD" -eq 2 ]; then
    case "$first" in
${seconds.join("\n")}
    completion) words="bash zsh fish" ;;
    help) words="${[...words.keys()].join(" ")}" ;;
    esac
    if [ -n "$words" ]; then
      COMPREPLY=($(compgen -W "$words" -- "$current"))
      return
    fi
  fi
  if [[ "$current" != -* ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
    return
  fi
  case "$first $second" in
${options.filter((line) => /"\w+ \S+"/.test(line)).join("\n")}
  esac
  if [ -z "$words" ]; then
    case "$first" in
${options.filter((line) => !/"\w+ \S+"/.test(line)).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -o bashdefault -F _ostiary ostiary`;
};

const fish = (commands: readonly Command[]): string => {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const words = firstWords(commands);
  const lines = [...words].map(([first, seconds]) => {
    const summary = commands.find(({ name }) => name === first)?.summary ?? seconds.join(", ");
    return `complete -c ostiary -f -n __fish_use_subcommand -a ${first} -d ${quoted(summary)}`;
  });
  for (const command of commands) {
    const [first = "", second] = command.name.split(" ");
    const condition =
      second === undefined
        ? `__fish_seen_subcommand_from ${first}`
        : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    if (second !== undefined) {
      const others = words.get(first)?.join(" ") ?? "";
      const isOpen = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${others}`;
      lines.push(`complete -c ostiary -f -n ${quoted(isOpen)} -a ${second} -d ${quoted(command.summary)}`);
    }
    for (const [name, { type }] of Object.entries(command.options))
      lines.push(
        `complete -c ostiary -n ${quoted(condition)} -l ` +
          `${name}${type === "string" ? (isOfFile(name) ? " -r -F" : " -x") : ""}`,
      );
  }
  lines.push("complete -c ostiary -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'");
  return lines.join("\n");
};
