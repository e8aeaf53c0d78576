import type { Command } from "./command.ts";
import { configFiles } from "./config-files.ts";

/** `ostiary serve` */
export const serve: Command = {
  name: "serve",
  summary: "serve until it is stopped",
  help: `Serves the public and the admin port until SIGTERM or Ctrl-C.

Usage: ostiary serve [-c FILE]... [--dev] [--data-dir FOLDER]

  -c, --config FILE     configuration, YAML; repeated, later files win; left out,
                        the one that comes with the release
      --dev             for your own machine: cookies without Secure, listeners
                        on 127.0.0.1 only, debug details in errors
      --data-dir FOLDER where the private database and generated secrets are stored
                        (default: OSTIARY_DATA_DIR, else .data beside FILE)
  -h, --help            this text

Without a dsn in the configuration a private database is started, migrated and,
at the end, stopped. With one, run \`ostiary migrate\` first. Environment variables
override every key: SERVE_PUBLIC_PORT=8080. A first signal lets running requests
end; a second one does not wait for them.

Examples:
  ostiary serve --dev
  ostiary serve -c /etc/ostiary.yml
  ostiary serve -c base.yml -c production.yml
  DSN='mysql://ostiary:secret@tcp(db:3306)/ostiary' ostiary serve -c base.yml`,
  options: {
    config: { type: "string", short: "c", multiple: true },
    dev: { type: "boolean" },
    "data-dir": { type: "string" },
  },
  run: async (values) => {
    const { runServe } = await import("./run-serve.ts");
    await runServe({ ...configFiles(values, process.env), dev: values.dev === true, env: process.env });
  },
};
