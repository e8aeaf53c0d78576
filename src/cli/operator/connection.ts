import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { CommandError, type OptionValues } from "../command.ts";

/** The options by which every command of an operator finds the admin port. */
export const connectionOptions = {
  "admin-url": { type: "string" },
  "api-key": { type: "string" },
  "api-key-file": { type: "string" },
  connection: { type: "string" },
} as const;

/** What the help of each says of them. */
export const connectionHelp = `      --admin-url URL   the admin port, http://, https:// or unix:/path (default:
                        OSTIARY_ADMIN_URL, else http://127.0.0.1:4434)
      --api-key KEY     key of the admin port (default: OSTIARY_API_KEY); others on
                        the machine may see it, so rather
      --api-key-file FILE
                        the same from a file (default: OSTIARY_API_KEY_FILE)
      --connection FILE admin_url, api_key, and paths of ca, cert and key, as YAML
                        (default: OSTIARY_CONNECTION, else
                        ~/.config/ostiary/connection.yml, if it is there)`;

/** How the admin port is reached. */
export interface Connection {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** Options of node:http or node:https. */
  readonly request: {
    readonly socketPath?: string;
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
  };
}

type Env = Readonly<Record<string, string | undefined>>;

/** What stands in a connection file. */
type ConnectionFile = Readonly<Partial<Record<(typeof fileKeys)[number], string>>>;

const fileKeys = ["admin_url", "api_key", "ca", "cert", "key"] as const;

/** Finds out how the admin port is reached: by flags, else the environment, else a file. @throws CommandError */
export const readConnection = async (values: OptionValues, env: Env = process.env): Promise<Connection> => {
  const { file, folder } = await readFile(values, env);
  const url = textOf(values["admin-url"]) ?? env.OSTIARY_ADMIN_URL ?? file.admin_url ?? "http://127.0.0.1:4434";
  const socketPath = url.startsWith("unix:") ? url.slice("unix:".length) : undefined;
  if (socketPath === undefined && (!/^https?:\/\//.test(url) || !URL.canParse(url)))
    throw new CommandError(`--admin-url is no http:// or https:// URL and no unix:/path: ${url}`);
  const pem = (name: "ca" | "cert" | "key") => {
    const at = file[name];
    return at === undefined ? {} : { [name]: mustRead(path.resolve(folder, at), name) };
  };
  const apiKey = readKey(values, env) ?? file.api_key;
  return {
    baseUrl: socketPath === undefined ? url.replace(/\/+$/, "") : "http://localhost",
    apiKey: apiKey === "" ? undefined : apiKey,
    request: { ...(socketPath !== undefined && { socketPath }), ...pem("ca"), ...pem("cert"), ...pem("key") },
  };
};

const textOf = (value: OptionValues[string]): string | undefined => (typeof value === "string" ? value : undefined);

const readKey = (values: OptionValues, env: Env): string | undefined => {
  const given = textOf(values["api-key"]);
  if (given !== undefined) return given;
  const file =
    textOf(values["api-key-file"]) ?? (env.OSTIARY_API_KEY === undefined ? env.OSTIARY_API_KEY_FILE : undefined);
  return file === undefined ? env.OSTIARY_API_KEY : mustRead(file, "--api-key-file").trim();
};

const readFile = async (
  values: OptionValues,
  env: Env,
): Promise<{ readonly file: ConnectionFile; readonly folder: string }> => {
  const named = textOf(values.connection) ?? env.OSTIARY_CONNECTION;
  const at = named ?? path.join(env.XDG_CONFIG_HOME ?? path.join(homedir(), ".config"), "ostiary", "connection.yml");
  if (named === undefined && !existsSync(at)) return { file: {}, folder: "." };
  const text = mustRead(at, "--connection");
  const { parse } = await import("yaml");
  let file: unknown;
  try {
    file = parse(text);
  } catch {
    // The parser's words may quote the key.
    throw new CommandError(`${at} is no YAML`);
  }
  for (const [key, value] of Object.entries(typeof file === "object" && file !== null ? file : {}))
    if (!(fileKeys as readonly string[]).includes(key) || typeof value !== "string")
      throw new CommandError(`${at}: ${key} is none of ${fileKeys.join(", ")}, or no text`);
  return { file: (file ?? {}) as ConnectionFile, folder: path.dirname(at) };
};

const mustRead = (at: string, what: string): string => {
  try {
    return readFileSync(at, "utf8");
  } catch (error) {
    throw new CommandError(`${what}: ${at} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
};
