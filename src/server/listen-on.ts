import { chmod, chown, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import type { FastifyInstance } from "fastify";

/** A Unix socket, and whose it is: names or numbers. */
interface UnixSocket {
  readonly path: string;
  readonly owner: string | undefined;
  readonly group: string | undefined;
  readonly mode: number;
}

/** The host that a key names is no interface of this machine. */
class HostError extends Error {
  override readonly name = "HostError";
}

/**
 * Opens a port or a Unix socket; returns the URL that it is reached by, `unix:/path` for a socket.
 *
 * @param key where its host is configured
 * @throws HostError
 */
export const listenOn = async (
  app: FastifyInstance,
  {
    host,
    port,
    unix_socket: socket,
  }: { readonly host: string; readonly port: number; readonly unix_socket: UnixSocket | undefined },
  key: string,
): Promise<string> => {
  if (socket === undefined)
    return app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
      throw ["ENOTFOUND", "EAI_AGAIN", "EADDRNOTAVAIL"].includes(error.code ?? "")
        ? new HostError(`${key}: ${host} is no interface of this machine (${error.code})`)
        : error;
    });
  await removeStale(socket.path);
  // Nobody else may open it before it has its owner and mode.
  const before = process.umask(0o177);
  try {
    await app.listen({ path: socket.path });
  } finally {
    process.umask(before);
  }
  await giveAway(socket);
  return `unix:${socket.path}`;
};

/** Removes what a process that was killed has left. A socket that somebody listens on stays, and listening fails. */
const removeStale = (path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const probe = connect(path)
      .once("connect", () => {
        probe.destroy();
        resolve();
      })
      .once("error", ({ code }: NodeJS.ErrnoException) => {
        if (code === "ECONNREFUSED") rm(path).then(resolve, reject);
        else resolve();
      });
  });

const giveAway = async ({ path, owner, group, mode }: UnixSocket): Promise<void> => {
  if (owner !== undefined || group !== undefined)
    await chown(
      path,
      owner === undefined ? (process.getuid?.() ?? -1) : await idOf(owner, "/etc/passwd"),
      group === undefined ? (process.getgid?.() ?? -1) : await idOf(group, "/etc/group"),
    );
  await chmod(path, mode);
};

/** The number of a user or group. @throws Error when there is none of this name */
const idOf = async (name: string, file: string): Promise<number> => {
  if (/^\d+$/.test(name)) return Number(name);
  const entry = (await readFile(file, "utf8")).split("\n").find((line) => line.startsWith(`${name}:`));
  const id = entry?.split(":")[2];
  if (id === undefined) throw new Error(`there is no ${name} in ${file}`);
  return Number(id);
};
