import { execFile } from "node:child_process";
import { chownSync, existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { type Folder, openFolder } from "../../../src/db/private-folder.ts";
import { findServer, initialiseCommand, type Server } from "../../../src/db/private-server.ts";
import { freePort } from "../../protocols/free-port.ts";
import { createNode, type GaleraNode, type NodePorts } from "./node.ts";

const run = promisify(execFile);

/** Three servers of Galera on loopback. */
export interface Cluster {
  readonly nodes: readonly GaleraNode[];
  /** To the database `ostiary`, by each node first and by the others where it fails. */
  readonly dsns: readonly string[];
  stop(): Promise<void>;
}

/** How a cluster is made. */
export interface ClusterOptions {
  /** Gone when the cluster stops. */
  readonly folder: string;
  /** More options of each server. */
  readonly options?: readonly string[];
}

const SIZE = 3;

const scripts = path.resolve(import.meta.dirname, "../../../.cache/galera");
const provider = "/usr/lib/galera/libgalera_smm.so";

/** Starts a cluster: each node from a copy of the first one's data. */
export const startCluster = async ({ folder, options = [] }: ClusterOptions): Promise<Cluster> => {
  if (!existsSync(provider))
    throw new Error(`${provider} was not found; \`scripts/install-database galera\` installs it`);
  const server = await findServer({ engine: "mariadb", path: process.env.PATH });
  const folders = Array.from({ length: SIZE }, (_, index) => openFolder(path.join(folder, `node${index + 1}`)));
  const ports: NodePorts[] = [];
  for (const _ of folders) ports.push({ group: await freePort(), missed: await freePort(), copy: await freePort() });
  const groupPorts = ports.map(({ group }) => group);
  const nodes = folders.map((own, index) =>
    createNode({ server, folder: own, provider, scripts, ports: ports[index] as NodePorts, groupPorts, options }),
  );
  const [firstFolder, ...otherFolders] = folders as [Folder, ...Folder[]];
  const [first, ...others] = nodes as [GaleraNode, ...GaleraNode[]];
  const stop = async () => {
    // One after the other: the last one holds what the others have not.
    for (const node of [...others, first]) await node.stop();
    for (const own of folders) own.release();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const own of folders) ownFolder(path.join(own.path, "tmp"), own);
    await initialise(server, firstFolder);
    await first.start(true);
    await createDatabase(first.socketPath);
    await first.stop();
    for (const other of otherFolders)
      await run("cp", ["-a", path.join(firstFolder.path, server.engine), other.path], { timeout: 60_000 });
    await first.start(true);
    for (const node of others) await node.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const sockets = nodes.map(({ socketPath }) => `unix(${socketPath})`);
  const dsns = sockets.map(
    (_, index) =>
      `mysql://root@${[...sockets.slice(index), ...sockets.slice(0, index)].join(",")}/ostiary?parseTime=true`,
  );
  return { nodes, dsns, stop };
};

const ownFolder = (folder: string, { account: { uid, gid } }: Folder): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
};

const initialise = async (server: Server, folder: Folder): Promise<void> => {
  const data = path.join(folder.path, server.engine);
  ownFolder(data, folder);
  const { uid, gid, asRoot } = folder.account;
  const { program, args, env } = initialiseCommand(server, { data, scratch: path.join(folder.path, "tmp"), asRoot });
  await run(program, args, {
    timeout: 60_000,
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
};

const createDatabase = async (socketPath: string): Promise<void> => {
  const connection = await createConnection({ socketPath, user: "root" });
  await connection.query("CREATE DATABASE IF NOT EXISTS ostiary CHARACTER SET utf8mb4").finally(() => connection.end());
};
