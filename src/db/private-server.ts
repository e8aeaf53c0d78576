import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { PrivateDatabaseError } from "./private-error.ts";

/*
 * What the two kinds of database server have in common and where they differ:
 * how one is found on this machine, which command fills an empty data folder,
 * and which options a private server runs with. Starts nothing for good.
 */

const run = promisify(execFile);

/** The two families of servers that speak the MySQL protocol and that we can run ourselves. */
export type Engine = "mariadb" | "mysql";

/** A database server program on this machine. */
export interface Server {
  readonly engine: Engine;
  readonly program: string;
}

/** A command line, the program apart. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Beside our own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Folders where Debian, other distributions and archives put servers, after those of PATH. */
const wellKnown = [
  "/usr/sbin",
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/libexec",
  "/usr/local/mysql/bin",
  "/opt/homebrew/bin",
];

const advice =
  "Install one (on Debian or Ubuntu: apt-get install mariadb-server-core mariadb-client-core), " +
  "name one by the environment variable OSTIARY_MYSQLD, " +
  "or set `dsn` in the configuration to use a database that runs already.";

/** Which server is wanted; everything may be left out. */
interface Wanted {
  /** Path of the program. */
  readonly program?: string | undefined;
  readonly engine?: Engine | undefined;
  /** Folders to search first, as in the environment variable PATH. */
  readonly path?: string | undefined;
}

/**
 * Finds a server: the one asked for by path, else the first on PATH and in the usual places, MariaDB before MySQL.
 *
 * @throws PrivateDatabaseError `no-server`, saying how to get one
 */
export async function findServer(wanted: Wanted): Promise<Server> {
  const { program, engine } = wanted;
  const given = program !== undefined && program !== "";
  for (const candidate of given ? [program] : candidates(wanted.path ?? "")) {
    const found = await engineOf(candidate);
    if (found !== undefined && (engine ?? found) === found) return { engine: found, program: candidate };
  }
  const kind = engine === undefined ? "MariaDB or MySQL" : engine === "mysql" ? "MySQL" : "MariaDB";
  throw new PrivateDatabaseError(
    "no-server",
    given
      ? `${program} is no ${kind} server that runs here. ${advice}`
      : `No ${kind} server was found on this machine. ${advice}`,
  );
}

function candidates(searchPath: string): string[] {
  const folders = [...searchPath.split(path.delimiter).filter((folder) => folder !== ""), ...wellKnown];
  return ["mariadbd", "mysqld"].flatMap((name) => folders.map((folder) => path.join(folder, name))).filter(executable);
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** MariaDB's server answers to `mysqld` too, so the name says nothing. */
async function engineOf(program: string): Promise<Engine | undefined> {
  try {
    const { stdout } = await run(program, ["--no-defaults", "--version"], { timeout: 10_000 });
    return /mariadb/i.test(stdout) ? "mariadb" : "mysql";
  } catch {
    return undefined;
  }
}

/**
 * The command that fills the empty folder `data` with a server's own tables and an administrator `root` without a
 * password.
 */
export function initialiseCommand(
  server: Server,
  { data, scratch, asRoot }: { readonly data: string; readonly scratch: string; readonly asRoot: boolean },
): Command {
  // In a folder shared with other servers, one that starts removes the temporary tables of all. Not an option: the
  // script below splits it at spaces.
  const env = { TMPDIR: scratch };
  if (server.engine === "mysql") {
    const args = [
      "--no-defaults",
      "--initialize-insecure",
      `--datadir=${data}`,
      ...mysqlOnly,
      ...(asRoot ? ["--user=root"] : []),
    ];
    return { program: server.program, args, env };
  }
  const installer = ["mariadb-install-db", "mysql_install_db"]
    .flatMap((name) =>
      ["../bin", ".", "../scripts"].map((folder) => path.resolve(path.dirname(server.program), folder, name)),
    )
    .find(executable);
  if (installer === undefined)
    throw new PrivateDatabaseError(
      "no-server",
      `mariadb-install-db, which belongs to ${server.program}, was not found. ${advice}`,
    );
  const unpacked = path.basename(path.dirname(installer)) === "scripts";
  const args = [
    "--no-defaults",
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    "--skip-name-resolve",
    ...(unpacked ? [`--basedir=${path.dirname(path.dirname(installer))}`] : []),
    // Short, so that the script hands it on: its own --user also changes the owner of the system's PAM plugin.
    ...(asRoot ? ["-uroot"] : []),
  ];
  return { program: installer, args, env };
}

/**
 * Options that only MySQL knows: no second protocol, no keys for a network it does not listen on, its own name for
 * the log's size.
 */
const mysqlOnly = [
  "--mysqlx=OFF",
  "--auto-generate-certs=OFF",
  "--caching-sha2-password-auto-generate-rsa-keys=OFF",
  "--secure-file-priv=NULL",
  "--disable-log-bin",
  "--innodb-redo-log-capacity=64M",
];
const mariadbOnly = ["--innodb-log-file-size=32M", "--skip-log-bin"];

/**
 * The command of the server itself: no network, a memory footprint fit for a
 * companion process, and nothing that weakens a commit.
 */
export function serveCommand(
  server: Server,
  at: {
    readonly data: string;
    readonly socket: string;
    readonly pidFile: string;
    readonly scratch: string;
    readonly asRoot: boolean;
  },
): Command {
  const args = [
    "--no-defaults",
    `--datadir=${at.data}`,
    `--socket=${at.socket}`,
    `--pid-file=${at.pidFile}`,
    `--tmpdir=${at.scratch}`,
    "--skip-networking",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--default-time-zone=+00:00",
    "--performance-schema=OFF",
    "--max-connections=200",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF",
    ...(server.engine === "mysql" ? mysqlOnly : mariadbOnly),
    ...(at.asRoot ? ["--user=root"] : []),
  ];
  return { program: server.program, args };
}
