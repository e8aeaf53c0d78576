import { type Command, CommandError } from "./command.ts";

const shells = ["bash", "zsh", "fish"] as const;

/** Creates `ostiary completion`, which knows the commands that there are. */
export const createCompletion = (commandsOf: () => readonly Command[]): Command => ({
  name: "completion",
  summary: "print a script that completes command lines",
  help: `Prints a script by which a shell completes commands and options.

Usage: ostiary completion bash|zsh|fish

  -h, --help            this text

Examples:
  source <(ostiary completion bash)
  ostiary completion bash > /etc/bash_completion.d/ostiary
  source <(ostiary completion zsh)
  ostiary completion fish > ~/.config/fish/completions/ostiary.fish`,
  options: {},
  takesArguments: true,
  run: async (_values, [shell, ...more]) => {
    const known = shells.find((each) => each === shell);
    if (known === undefined || more.length > 0) throw new CommandError(`name one of ${shells.join(", ")}`);
    const { completionScript } = await import("./completion-script.ts");
    console.log(completionScript(known, commandsOf()));
  },
});
