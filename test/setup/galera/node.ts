import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import type { Folder } from "../../../src/db/private-folder.ts";
import { type Command, type Server, serveCommand } from "../../../src/db/private-server.ts";

const run = promisify(execFile);

/** Where the nodes of a cluster talk to each other, on loopback. */
export interface NodePorts {
  readonly group: number;
  /** Of the write sets that a node has missed. */
  readonly missed: number;
  /** Of a whole copy. */
  readonly copy: number;
}

/** What a node is started with. */
export interface NodeOptions {
  readonly server: Server;
  readonly folder: Folder;
  readonly provider: string;
  /** A folder with Galera's scripts. */
  readonly scripts: string;
  readonly ports: NodePorts;
  /** Those of the others and of this one. */
  readonly groupPorts: readonly number[];
  readonly options: readonly string[];
}

/** One server of a cluster. */
export interface GaleraNode {
  readonly socketPath: string;
  readonly pid: number;
  /** Ends it as a power cut does, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it; `first`: as the beginning of a cluster. Resolves when it takes statements as part of the cluster. */
  start(first?: boolean): Promise<void>;
  stop(): Promise<void>;
}

const START_MS = 90_000;
const STOP_MS = 20_000;

/** How soon a silent node is left out: Galera's own 5 and 15 s are made for networks. */
const timeouts = "evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT2.5S;evs.inactive_timeout=PT6S";

/** Creates a node that is not started yet. Its data folder is `<folder>/mariadb`. */
export const createNode = (options: NodeOptions): GaleraNode => {
  const { folder, server } = options;
  const data = path.join(folder.path, server.engine);
  let child: ChildProcess | undefined;
  let gone: Promise<void> = Promise.resolve();

  const launch = (args: readonly string[]): ChildProcess => {
    const output = openSync(path.join(folder.path, "server.log"), "a", 0o600);
    const { uid, gid } = folder.account;
    return spawn("setpriv", ["--pdeathsig", "KILL", "--", server.program, ...args], {
      cwd: folder.path,
      env: { ...process.env, PATH: `${options.scripts}:${process.env.PATH}`, TMPDIR: path.join(folder.path, "tmp") },
      stdio: ["ignore", output, output],
      detached: true,
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
    });
  };

  const start = async (first = false) => {
    const { args } = commandOf(options, data, first);
    const from = first ? undefined : await positionOf(options, args);
    const started = launch([...args, ...(from === undefined ? [] : [`--wsrep-start-position=${from}`])]);
    child = started;
    let isOver = false;
    gone = new Promise((resolve) =>
      started.once("exit", () => {
        isOver = true;
        resolve();
      }),
    );
    for (const limit = Date.now() + START_MS; !(await isServing(folder.socket)); await sleep(100))
      if (isOver || Date.now() > limit) {
        const log = readFileSync(path.join(folder.path, "server.log"), "utf8");
        throw new Error(`a node of Galera did not come up:\n${log.split("\n").slice(-25).join("\n")}`);
      }
  };
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    child?.kill(signal);
    const forced = setTimeout(() => child?.kill("SIGKILL"), STOP_MS);
    await gone;
    clearTimeout(forced);
  };
  return {
    socketPath: folder.socket,
    get pid() {
      return child?.pid ?? 0;
    },
    start,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
};

const commandOf = (
  { server, folder, provider, ports, groupPorts, options }: NodeOptions,
  data: string,
  first: boolean,
): Command => {
  const command = serveCommand(server, {
    data,
    socket: folder.socket,
    pidFile: path.join(folder.path, "server.pid"),
    scratch: path.join(folder.path, "tmp"),
    asRoot: folder.account.asRoot,
  });
  const group = groupPorts.map((port) => `127.0.0.1:${port}`).join(",");
  return {
    ...command,
    args: [
      ...command.args,
      "--binlog-format=ROW",
      "--innodb-autoinc-lock-mode=2",
      "--wsrep-on=ON",
      `--wsrep-provider=${provider}`,
      `--wsrep-cluster-address=gcomm://${first ? "" : group}`,
      "--wsrep-sst-method=rsync",
      `--wsrep-sst-receive-address=127.0.0.1:${ports.copy}`,
      "--wsrep-node-address=127.0.0.1",
      "--wsrep-slave-threads=4",
      `--wsrep-provider-options=${[
        `gmcast.listen_addr=tcp://127.0.0.1:${ports.group}`,
        "base_host=127.0.0.1",
        `base_port=${ports.group}`,
        `ist.recv_addr=127.0.0.1:${ports.missed}`,
        `ist.recv_bind=127.0.0.1:${ports.missed}`,
        "gcache.size=64M",
        timeouts,
      ].join(";")}`,
      ...options,
    ],
  };
};

/** Where a node's data stand, as the server finds it out: after a crash its folder does not say. */
const positionOf = async ({ server, folder }: NodeOptions, args: readonly string[]): Promise<string | undefined> => {
  const report = path.join(folder.path, "position.log");
  const { uid, gid } = folder.account;
  await run(server.program, [...args, "--wsrep-recover", `--log-error=${report}`, "--wsrep-provider=none"], {
    timeout: START_MS,
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  }).catch(() => undefined);
  if (!existsSync(report)) return undefined;
  return [...readFileSync(report, "utf8").matchAll(/Recovered position: (\S+:-?\d+)/g)].at(-1)?.[1];
};

/** Whether a server takes statements as part of its cluster. */
const isServing = async (socketPath: string): Promise<boolean> => {
  if (!existsSync(socketPath)) return false;
  const connection = await createConnection({ socketPath, user: "root", connectTimeout: 2_000 }).catch(() => undefined);
  if (connection === undefined) return false;
  try {
    const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'wsrep_local_state_comment'");
    return (rows as { Value: string }[])[0]?.Value === "Synced";
  } catch {
    return false;
  } finally {
    connection.destroy();
  }
};
