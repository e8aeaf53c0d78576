import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";

/**
 * A MariaDB server of one test file's own, on a socket, so that the file may
 * stop, freeze and kill it.
 */
export interface TestServer {
  readonly socket: string;
  /** Creates an empty database and opens it. */
  open(poolSize?: number): Promise<{ readonly db: Database; readonly dsn: string }>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
  /** Ends it without any goodbye. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it and removes its files. */
  remove(): Promise<void>;
}

const isRoot = process.getuid?.() === 0;
const asUser = isRoot ? ["--user=mysql"] : [];

/** Starts a server. Takes a few seconds. */
export const startServer = async (): Promise<TestServer> => {
  const folder = mkdtempSync(join(tmpdir(), "ostiary-db-"));
  const socket = join(folder, "s");
  const data = join(folder, "data");
  if (isRoot) {
    const [uid, gid] = ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, "mysql"], { encoding: "utf8" })));
    chownSync(folder, uid ?? 0, gid ?? 0);
  }
  execFileSync("mariadb-install-db", ["--no-defaults", ...asUser, `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db"], {
    stdio: "ignore",
  });
  let child: ChildProcess | undefined;

  const start = async () => {
    child = spawn(
      "mariadbd",
      [
        "--no-defaults",
        ...asUser,
        `--datadir=${data}`,
        `--socket=${socket}`,
        `--pid-file=${join(folder, "pid")}`,
        "--skip-networking",
        "--innodb-flush-log-at-trx-commit=2",
        "--innodb-buffer-pool-size=32M",
      ],
      { stdio: "ignore" },
    );
    const root = createDatabase({ dsn: `root@unix(${socket})/mysql`, poolSize: 1 });
    for (let tries = 0; ; tries++) {
      const up = await root.ping().then(
        () => true,
        () => false,
      );
      if (up) break;
      if (tries > 200) throw new Error("the database server did not start");
      await sleep(50);
    }
    await root.close();
  };

  const end = async (signal: NodeJS.Signals) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child?.once("exit", resolve));
    child.kill(signal);
    await gone;
  };

  await start();
  return {
    socket,
    open: async (poolSize = 10) => {
      const name = `t_${randomBytes(6).toString("hex")}`;
      const root = createDatabase({ dsn: `root@unix(${socket})/mysql`, poolSize: 1 });
      await root.run(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
      await root.close();
      const dsn = `root@unix(${socket})/${name}?parseTime=true`;
      return { db: createDatabase({ dsn, poolSize }), dsn };
    },
    start,
    kill: () => end("SIGKILL"),
    signal: (signal) => void child?.kill(signal),
    remove: async () => {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
