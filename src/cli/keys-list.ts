import { type Command, CommandError } from "./command.ts";
import { configFiles } from "./config-files.ts";

/** `ostiary keys list` */
export const keysList: Command = {
  name: "keys list",
  summary: "list the API keys of a configuration",
  help: `Lists the API keys that a configuration lets in at the admin port: what the log calls
them, what they may do, and until when.

Usage: ostiary keys list [-c FILE]...

  -c, --config FILE     configuration, YAML; repeated, later files win; left out,
                        the one that comes with the release
      --json            prints JSON, one object a line, instead of a table
  -h, --help            this text

Example:
  ostiary keys list -c /etc/ostiary.yml`,
  options: { config: { type: "string", short: "c", multiple: true }, json: { type: "boolean" } },
  run: async (values) => {
    const { loadConfig } = await import("../config/load.ts");
    const { table } = await import("./operator/print.ts");
    const { files } = configFiles(values, process.env);
    const { config } = loadConfig({ files, env: process.env, needsSecrets: false });
    const { auth } = config.serve.admin;
    if (auth.type !== "api_keys")
      throw new CommandError(`serve.admin.auth.type is ${auth.type}: there are no API keys`);
    const keys = auth.api_keys.map(({ id, scopes, expires_at: expires }) => ({
      id,
      scopes,
      expires_at: expires?.toISOString(),
      expired: expires !== undefined && expires.getTime() <= Date.now(),
    }));
    if (values.json === true) for (const key of keys) console.log(JSON.stringify(key));
    else
      console.log(
        table(
          ["ID", "SCOPES", "EXPIRES"],
          keys.map(({ id, scopes, expires_at: at = "never", expired }) => [
            id,
            scopes.join(", "),
            expired ? `${at} (over)` : at,
          ]),
        ),
      );
  },
};
