import { isScope, scopes } from "../lib/operator.ts";
import { type Command, CommandError } from "./command.ts";

/** `ostiary keys create` */
export const keysCreate: Command = {
  name: "keys create",
  summary: "create an API key for the admin port",
  help: `Makes an API key for the admin port. The key is printed once and stored nowhere;
the configuration gets its digest, which is of no use to anybody.

Usage: ostiary keys create --id NAME --scope SCOPE... [--json]

      --id NAME         what the log calls whoever has the key
      --scope SCOPE     what it may do; repeated. One of
                        ${scopes.slice(0, 4).join(", ")},
                        ${scopes.slice(4).join(", ")},
                        a group such as sessions.*, or * for everything
      --json            prints an object instead of text
  -h, --help            this text

Examples:
  ostiary keys create --id billing --scope identities.read
  ostiary keys create --id ops --scope '*' --json`,
  options: { id: { type: "string" }, scope: { type: "string", multiple: true }, json: { type: "boolean" } },
  run: async ({ id, scope, json }) => {
    const held = Array.isArray(scope) ? scope.map(String) : [];
    if (typeof id !== "string" || id === "") throw new CommandError("--id is missing: the log calls the key by it");
    if (held.length === 0) throw new CommandError("--scope is missing: a key without one may do nothing");
    const unknown = held.find((one) => !isScope(one));
    if (unknown !== undefined)
      throw new CommandError(`there is no scope ${JSON.stringify(unknown)}: it is one of ${scopes.join(", ")}`);
    const { createApiKey } = await import("../lib/api-key.ts");
    const { key, digest } = createApiKey();
    console.log(json === true ? JSON.stringify({ id, key, digest, scopes: held }) : asText(id, key, digest, held));
  },
};

const asText = (id: string, key: string, digest: string, held: readonly string[]): string =>
  `The key, shown this once:

  ${key}

For the configuration:

serve:
  admin:
    auth:
      type: api_keys
      api_keys:
        - id: ${JSON.stringify(id)}
          digest: ${digest}
          scopes: [${held.map((one) => JSON.stringify(one)).join(", ")}]`;
