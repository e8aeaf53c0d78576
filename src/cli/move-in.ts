import { type Command, CommandError } from "./command.ts";
import { configFiles } from "./config-files.ts";

/** `ostiary move-in` */
export const moveIn: Command = {
  name: "move-in",
  summary: "import identities from an Ory Kratos database",
  help: `Copies people from a MySQL or MariaDB database of Ory Kratos, with all that they sign in
with, the state of their addresses, and their sessions: nobody is signed out. The source
is only read. Run it while Ory Kratos serves, and once more when it is stopped: each run
brings over what changed, and a run that was interrupted is gone on with
(docs/move-in.md).

Usage: ostiary move-in --from DSN [--check] [-c FILE]... [--from-config FILE]...

      --from DSN        the database of Ory Kratos (default: OSTIARY_MOVE_IN_FROM,
                        where other users of the machine do not see the password)
      --from-config FILE
                        the configuration of Ory Kratos, whose secrets open what it
                        encrypted (default: the configuration here)
      --check           writes nothing: prints what would be moved and what would not
      --network ID      of several networks in the database the one to take
      --workers N       parts that are copied at once (default: 4)
      --threads N       threads that do it (default: one for each processor, up to --workers;
                        one where fewer than 10,000 people move)
      --delete          also if more than half of those who came are gone at the source
      --json            prints the report as JSON
  -c, --config FILE     configuration, YAML; repeated, later files win
  -h, --help            this text

Examples:
  ostiary move-in --from 'mysql://kratos:secret@tcp(db:3306)/kratos' --from-config kratos.yml --check -c ostiary.yml
  OSTIARY_MOVE_IN_FROM='mysql://…' ostiary move-in -c ostiary.yml`,
  options: {
    from: { type: "string" },
    "from-config": { type: "string", multiple: true },
    check: { type: "boolean" },
    network: { type: "string" },
    workers: { type: "string" },
    threads: { type: "string" },
    delete: { type: "boolean" },
    json: { type: "boolean" },
    config: { type: "string", short: "c", multiple: true },
  },
  run: async (values) => {
    const from = values.from ?? process.env.OSTIARY_MOVE_IN_FROM;
    if (typeof from !== "string" || from === "") throw new CommandError("--from is missing: the database to move from");
    const workers = values.workers === undefined ? 4 : Number(values.workers);
    if (!Number.isInteger(workers) || workers < 1 || workers > 16)
      throw new CommandError("--workers is a number from 1 to 16");
    const threads = values.threads === undefined ? undefined : Number(values.threads);
    if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= workers))
      throw new CommandError("--threads is a number from 1 to that of --workers");
    const { runMoveIn } = await import("./run-move-in.ts");
    await runMoveIn({
      ...configFiles(values, process.env),
      env: { ...process.env },
      from,
      fromFiles: Array.isArray(values["from-config"]) ? values["from-config"].map(String) : [],
      network: typeof values.network === "string" ? values.network : undefined,
      check: values.check === true,
      deletes: values.delete === true,
      json: values.json === true,
      workers,
      threads,
    });
  },
};
