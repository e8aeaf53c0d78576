import type { Command } from "./command.ts";
import { configFiles } from "./config-files.ts";

/** `ostiary migrate` */
export const migrate: Command = {
  name: "migrate",
  summary: "migrate the database to this release",
  help: `Applies the migrations that the database of the configuration lacks. May be run
from several machines at once, and again after it was interrupted.

Usage: ostiary migrate [-c FILE]...

  -c, --config FILE     configuration, YAML; repeated, later files win
  -h, --help            this text

The private database of a configuration without a dsn needs no migrate: serve
does it.

Examples:
  ostiary migrate -c /etc/ostiary.yml
  DSN='mysql://ostiary:secret@tcp(db:3306)/ostiary' ostiary migrate`,
  options: { config: { type: "string", short: "c", multiple: true } },
  run: async (values) => {
    const { runMigrate } = await import("./run-migrate.ts");
    await runMigrate({ ...configFiles(values, process.env), env: process.env });
  },
};
