import type { Command } from "./command.ts";

/** The text of `ostiary --help`. */
export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `Ostiary, a self-service identity server.

Usage: ostiary COMMAND [OPTIONS]

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}`).join("\n")}

\`ostiary COMMAND --help\` tells more about one of them.

Examples:
  ostiary serve --dev                      try it: a private database and the built-in pages
  ostiary migrate -c /etc/ostiary.yml      prepare a database of your own
  ostiary serve -c /etc/ostiary.yml        serve with it`;
}
