import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import { PrivateDatabaseError } from "./private-error.ts";
import type { Account, Folder } from "./private-folder.ts";
import { openFolder } from "./private-folder.ts";
import type { Command, Engine, Server } from "./private-server.ts";
import { findServer, initialiseCommand, serveCommand } from "./private-server.ts";

/*
 * The embedded default: a MariaDB or MySQL server of our own, for whoever has
 * not set a `dsn`. It is a child process that listens on a socket in a folder
 * closed to everybody else, keeps its data there, and ends with us however we
 * end. Owns the server's life; creates no tables and holds no pool.
 */

/** Log lines while the server starts and if it ends. A pino logger fits. */
export interface PrivateDatabaseLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Where the server keeps its data and which one to take. */
export interface PrivateDatabaseOptions {
  /** Folder for data, socket and log; made at the first start. */
  readonly dataDir: string;
  readonly log: PrivateDatabaseLog;
  /** Left out: MariaDB if there is one, else MySQL. */
  readonly engine?: Engine | undefined;
  /** Path of the server program; left out, OSTIARY_MYSQLD or what is found on the machine. */
  readonly program?: string | undefined;
  /** More options for the server; tests trade durability for speed here. */
  readonly options?: readonly string[] | undefined;
}

/** A running server. */
export interface PrivateDatabase {
  /** For the pool: `mysql://root@unix(/path/of/the/socket)/ostiary?parseTime=true`. */
  readonly dsn: string;
  readonly socketPath: string;
  readonly engine: Engine;
  /** As the server says it, `10.11.19-MariaDB`. */
  readonly version: string;
  /** Process id of the server, for measuring it. */
  readonly pid: number;
  /** Resolves, with why, if the server ends by itself. */
  readonly lost: Promise<PrivateDatabaseError>;
  /** Shuts the server down cleanly and resolves when it is gone. May be called again. */
  stop(): Promise<void>;
}

/** Name of the database that the DSN leads to. */
const databaseName = "ostiary";

const startLimit = 60_000;
const stopLimit = 20_000;

/**
 * Starts the server, with an empty database `ostiary` at the first time.
 *
 * @throws PrivateDatabaseError if there is no server, its folder is in use, or it does not come up
 */
export async function startPrivateDatabase(options: PrivateDatabaseOptions): Promise<PrivateDatabase> {
  const { log } = options;
  const server = await findServer({
    program: options.program ?? process.env.OSTIARY_MYSQLD,
    engine: options.engine,
    path: process.env.PATH,
  });
  const folder = openFolder(options.dataDir);
  try {
    const data = path.join(folder.path, server.engine);
    const pidFile = path.join(folder.path, "server.pid");
    const scratch = path.join(folder.path, "tmp");
    await endOrphan(pidFile, data, log);
    ownFolder(scratch, folder.account);
    if (!existsSync(data)) {
      log.info({ engine: server.engine, folder: folder.path }, "creating the private database");
      await initialise(server, folder, data, scratch);
    }
    const command = serveCommand(server, {
      data,
      socket: folder.socket,
      pidFile,
      scratch,
      asRoot: folder.account.asRoot,
    });
    const child = launch({ ...command, args: [...command.args, ...(options.options ?? [])] }, folder);
    return await supervise(child, server, folder, log);
  } catch (error) {
    folder.release();
    throw error;
  }
}

function ownFolder(folder: string, account: Account): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account.uid !== undefined && account.gid !== undefined) chownSync(folder, account.uid, account.gid);
}

/** Fills a folder beside the real one and renames it at the end, so that an interruption leaves nothing half-made. */
async function initialise(server: Server, folder: Folder, data: string, scratch: string): Promise<void> {
  for (const left of readdirSync(folder.path))
    if (left.startsWith("new-")) rmSync(path.join(folder.path, left), { recursive: true, force: true });
  const fresh = path.join(folder.path, `new-${process.pid}`);
  ownFolder(fresh, folder.account);
  const child = launch(initialiseCommand(server, { data: fresh, scratch, asRoot: folder.account.asRoot }), folder);
  const problem = await ended(child);
  if (problem !== undefined)
    throw new PrivateDatabaseError(
      "failed",
      `${server.program} could not make a new database (${problem}).${lastLines(folder)}`,
    );
  renameSync(fresh, data);
}

/**
 * Starts a program as the folder's user. It gets a process group of its own, so
 * that Ctrl-C at the terminal reaches only us, and the kernel tells it to shut
 * down when we die by kill -9. Where the kernel cannot (no `setpriv`), the next
 * start finds and ends it.
 */
function launch(command: Command, folder: Folder): ChildProcess {
  const output = openSync(path.join(folder.path, "server.log"), "w", 0o600);
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find(isExecutable);
  const [program, args] =
    setpriv === undefined
      ? [command.program, command.args]
      : [setpriv, ["--pdeathsig", "TERM", "--", command.program, ...command.args]];
  const { uid, gid } = folder.account;
  const child = spawn(program, args, {
    cwd: folder.path,
    // How bin/ostiary has the server's own memory allocated is nothing for a database.
    env: { ...process.env, MALLOC_ARENA_MAX: undefined, ...command.env },
    stdio: ["ignore", output, output],
    detached: true,
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  closeSync(output);
  return child;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Resolves at the end of a child, with what was wrong unless all was well. */
function ended(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) =>
      resolve(code === 0 ? undefined : signal === null ? `exit code ${code}` : signal),
    );
  });
}

/** Waits until the server answers, then stays beside it. */
async function supervise(
  child: ChildProcess,
  server: Server,
  folder: Folder,
  log: PrivateDatabaseLog,
): Promise<PrivateDatabase> {
  const end = ended(child);
  const endWithUs = () => child.kill("SIGTERM"); // process.exit() somewhere: no time left to wait
  process.once("exit", endWithUs);
  let stopping = false;
  const state = { ended: false, problem: undefined as string | undefined };
  const gone = end.then((problem) => {
    Object.assign(state, { ended: true, problem });
    process.removeListener("exit", endWithUs);
    folder.release();
  });
  const stop = async (): Promise<void> => {
    if (!stopping) child.kill("SIGTERM");
    stopping = true;
    const forced = setTimeout(() => child.kill("SIGKILL"), stopLimit);
    await gone;
    clearTimeout(forced);
  };
  let version: string | undefined;
  for (const limit = Date.now() + startLimit; version === undefined; await sleep(20)) {
    version = await greet(folder.socket);
    if (state.ended || Date.now() > limit) {
      await stop();
      throw new PrivateDatabaseError(
        "failed",
        `${server.program} did not come up (${state.problem ?? "no answer"}).${lastLines(folder)}`,
      );
    }
  }
  const lost = new Promise<PrivateDatabaseError>((resolve) => {
    void gone.then(() => {
      if (stopping) return;
      log.error({ problem: state.problem }, "the private database ended by itself");
      const why = `The private database ended by itself (${state.problem ?? "exit code 0"}).${lastLines(folder)}`;
      resolve(new PrivateDatabaseError("lost", why));
    });
  });
  const dsn = `mysql://root@unix(${folder.socket})/${databaseName}?parseTime=true`;
  return { dsn, socketPath: folder.socket, engine: server.engine, version, pid: child.pid ?? 0, lost, stop };
}

/** Creates the database if it is missing and asks for the version; undefined while the server does not answer. */
async function greet(socketPath: string): Promise<string | undefined> {
  if (!existsSync(socketPath)) return undefined;
  try {
    const connection = await createConnection({ socketPath, user: "root" });
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${databaseName} CHARACTER SET utf8mb4`);
    const [rows] = await connection.query("SELECT VERSION() AS version");
    await connection.end();
    return (rows as { version: string }[])[0]?.version;
  } catch {
    return undefined;
  }
}

/** A server whose process we are not, on data that no living process of ours claims: left over from a kill -9. */
async function endOrphan(pidFile: string, data: string, log: PrivateDatabaseLog): Promise<void> {
  const isOurs = (pid: number) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(`--datadir=${data}`);
    } catch {
      return false;
    }
  };
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0;
  if (!(pid > 0) || !isOurs(pid)) return;
  log.info({ pid }, "waiting for the private database of an earlier process to end");
  process.kill(pid, "SIGTERM");
  for (const limit = Date.now() + stopLimit; isOurs(pid); await sleep(20)) {
    if (Date.now() > limit)
      throw new PrivateDatabaseError("in-use", `Process ${pid} still runs a database in ${data} and does not end.`);
  }
}

function lastLines(folder: Folder): string {
  const file = path.join(folder.path, "server.log");
  const lines = readFileSync(file, "utf8").trimEnd().split("\n").slice(-5);
  return ` Its last words, from ${file}:\n${lines.join("\n")}`;
}
