import { createHash } from "node:crypto";
import { chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { PrivateDatabaseError } from "./private-error.ts";

/*
 * The folder of the private database: whom it belongs to, which process uses
 * it, and where its socket lies. Knows nothing about servers and their options.
 */

/** The user the server runs as. Undefined numbers: as we ourselves. */
export interface Account {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** The server is to run as root because no other user can reach the folder. */
  readonly asRoot: boolean;
}

/** A data folder that is ours until `release`, which may be called again. */
export interface Folder {
  readonly path: string;
  readonly account: Account;
  readonly socket: string;
  release(): void;
}

/** The kernel keeps a socket's path in 108 bytes, the last of them zero. */
const longestSocketPath = 107;

/**
 * Makes the folder, closed to everybody else, and takes it for this process.
 *
 * @throws PrivateDatabaseError `in-use` if another living process has it, `folder` if it cannot be made
 */
export function openFolder(dataDir: string): Folder {
  const folder = path.resolve(dataDir);
  try {
    mkdirSync(path.dirname(folder), { recursive: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const account = accountFor(folder);
    const short = placeSocket(folder, account);
    const lock = acquireLock(path.join(folder, "owner"));
    let released = false;
    return {
      path: folder,
      account,
      socket: path.join(short ?? folder, "database.sock"),
      release() {
        if (released) return; // the next one may have it already
        released = true;
        if (short !== undefined) rmSync(short, { recursive: true, force: true });
        lock.release();
      },
    };
  } catch (error) {
    if (error instanceof PrivateDatabaseError) throw error;
    throw new PrivateDatabaseError(
      "folder",
      `The folder ${folder} cannot be used for a database: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * A database server refuses to run as root, and should not. So root hands a new
 * folder to the user `mysql` that Debian makes, or to `nobody`, and from then on
 * its owner runs the server. It is root itself only where a parent folder (say
 * /root) lets nobody else through.
 */
function accountFor(folder: string): Account {
  const ourselves: Account = { uid: undefined, gid: undefined, asRoot: false };
  if (process.getuid?.() !== 0) return ourselves;
  const { uid, gid } = statSync(folder);
  const isNew = uid === 0 && readdirSync(folder).length === 0;
  const account = isNew ? (userNamed("mysql") ?? userNamed("nobody")) : { uid, gid };
  if (account === undefined || account.uid === 0 || !canReach(path.dirname(folder), account) || !give(folder, account))
    return { ...ourselves, asRoot: true };
  return { ...account, asRoot: false };
}

/** False where root may not give files away, as in some containers. */
function give(folder: string, account: { readonly uid: number; readonly gid: number }): boolean {
  try {
    chownSync(folder, account.uid, account.gid);
    return true;
  } catch {
    return false;
  }
}

function userNamed(name: string): { uid: number; gid: number } | undefined {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((row) => row.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

function canReach(folder: string, account: { readonly uid: number; readonly gid: number }): boolean {
  const { uid, gid, mode } = statSync(folder);
  const search = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  if ((mode & search) === 0) return false;
  const parent = path.dirname(folder);
  return parent === folder || canReach(parent, account);
}

/**
 * The file `owner` names the process that uses the folder. What a killed
 * process left behind is used again. Should two processes find the same
 * leftover at once, the lock that the server itself holds on its files decides.
 */
function acquireLock(file: string): { release(): void } {
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(file, mine, { flag: "wx", mode: 0o600 });
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = readOwner(file);
    if (owner !== undefined && startOf(owner.pid) === owner.started) {
      const who = owner.pid === process.pid ? "this process" : `process ${owner.pid}`;
      throw new PrivateDatabaseError(
        "in-use",
        `The private database in ${path.dirname(file)} is in use by ${who}. Stop that first, or use another folder.`,
      );
    }
    rmSync(file, { force: true });
  }
  throw new PrivateDatabaseError(
    "in-use",
    `The private database in ${path.dirname(file)} is being started by several processes at once.`,
  );
}

function readOwner(file: string): { pid: number; started: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { pid: number; started: string };
  } catch {
    return undefined; // its writer was killed half-way
  }
}

/**
 * When a process started, in a form to compare, so that a number used again is not mistaken for the same process; "" if
 * it is gone.
 */
function startOf(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return "";
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // From field 3 on; the name before it may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "alive");
  } catch {
    return "alive"; // no /proc here
  }
}

/**
 * A folder for the socket if the data folder's path is too long or has characters that a DSN cannot carry; else
 * undefined.
 */
function placeSocket(folder: string, account: Account): string | undefined {
  const fits = (base: string) =>
    Buffer.byteLength(path.join(base, "database.sock")) <= longestSocketPath && /^[\w./+-]+$/.test(base);
  if (fits(folder)) return undefined;
  const name = `ostiary-${createHash("sha256").update(folder).digest("hex").slice(0, 12)}`;
  const reachable = (base: string) =>
    account.uid === undefined ||
    account.gid === undefined ||
    canReach(path.dirname(base), { uid: account.uid, gid: account.gid });
  const short = [path.join(os.tmpdir(), name), path.join("/tmp", name)].find((base) => fits(base) && reachable(base));
  if (short === undefined)
    throw new PrivateDatabaseError(
      "folder",
      `The path of ${folder} is too long for a socket, and neither TMPDIR nor /tmp offers a shorter one.`,
    );
  mkdirSync(short, { recursive: true, mode: 0o700 });
  // A shared folder: somebody else may have made one of this name to listen in.
  const found = lstatSync(short);
  if (!found.isDirectory() || ![process.getuid?.(), account.uid].includes(found.uid) || (found.mode & 0o077) !== 0) {
    throw new PrivateDatabaseError(
      "folder",
      `${short}, where the database's socket should be, belongs to somebody else. Remove it, or set TMPDIR.`,
    );
  }
  if (account.uid !== undefined && account.gid !== undefined) chownSync(short, account.uid, account.gid);
  return short;
}
