import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { PrivateDatabase } from "../../../src/db/private.ts";
import { startPrivateDatabase } from "../../../src/db/private.ts";
import { freshDatabase } from "../../setup/fresh-database.ts";

const log = { info: () => undefined, error: () => undefined };
let base: string;

beforeAll(() => {
  base = mkdtempSync(path.join(os.tmpdir(), "private-database-"));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

async function ask(database: PrivateDatabase, sql: string): Promise<unknown> {
  const connection = await createConnection({ socketPath: database.socketPath, user: "root", database: "ostiary" });
  const [rows] = await connection.query(sql).finally(() => connection.end());
  return rows;
}

/** A process of its own that starts the database and then waits to be killed. */
async function startInOtherProcess(
  dataDir: string,
): Promise<{ readonly pid: number; readonly server: number; kill(signal: NodeJS.Signals): Promise<void> }> {
  const module = path.resolve(import.meta.dirname, "../../../src/db/private.ts");
  const code = `import { startPrivateDatabase } from ${JSON.stringify(module)};
    const database = await startPrivateDatabase({ dataDir: ${JSON.stringify(dataDir)}, log: { info() {}, error() {} }
    });
    process.on("SIGTERM", () => database.stop().then(() => process.exit()));
    setInterval(() => {}, 1000);
    console.log(database.pid);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const server = await new Promise<number>((resolve) =>
    createInterface(child.stdout).once("line", (line) => resolve(Number(line))),
  );
  return {
    pid: child.pid ?? 0,
    server,
    async kill(signal) {
      child.kill(signal);
      await end;
    },
  };
}

/** Whether a process runs; one that ended but that nobody has waited for does not. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("the private database", () => {
  test("keeps its data from one start to the next, in a folder closed to others", async () => {
    const dataDir = path.join(base, "kept");
    const first = await startPrivateDatabase({ dataDir, log });
    await ask(first, "CREATE TABLE kept (a INT)");
    await first.stop();
    const second = await startPrivateDatabase({ dataDir, log });
    expect(await ask(second, "SHOW TABLES")).toEqual([{ Tables_in_ostiary: "kept" }]);
    await second.stop();
    await second.stop();
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  test("listens on no network port, and allocates its memory as it likes", async () => {
    process.env.MALLOC_ARENA_MAX = "2";
    const database = await startPrivateDatabase({ dataDir: path.join(base, "closed"), log });
    expect(await ask(database, "SELECT @@skip_networking AS off, @@port AS port")).toMatchObject([{ off: 1 }]);
    const environment = readFileSync(`/proc/${database.pid}/environ`, "utf8");
    expect(environment).toContain("PATH=");
    expect(environment).not.toContain("MALLOC_ARENA_MAX");
    await database.stop();
    delete process.env.MALLOC_ARENA_MAX;
    expect(runs(database.pid)).toBe(false);
  });

  test("tells a second process who uses the folder", async () => {
    const dataDir = path.join(base, "shared");
    const other = await startInOtherProcess(dataDir);
    await expect(startPrivateDatabase({ dataDir, log })).rejects.toMatchObject({
      reason: "in-use",
      message: expect.stringContaining(`process ${other.pid}`),
    });
    await other.kill("SIGTERM");
    expect(runs(other.server)).toBe(false);
    const mine = await startPrivateDatabase({ dataDir, log });
    await mine.stop();
  });

  test("comes up again after its owner was killed, and leaves no server behind", async () => {
    const dataDir = path.join(base, "killed");
    const other = await startInOtherProcess(dataDir);
    await other.kill("SIGKILL");
    const mine = await startPrivateDatabase({ dataDir, log });
    expect(runs(other.server)).toBe(false);
    expect(mine.pid).not.toBe(other.server);
    await mine.stop();
  });

  test("works in a folder whose path is too long for a socket", async () => {
    const dataDir = path.join(base, "d".repeat(100), "with space");
    const database = await startPrivateDatabase({ dataDir, log });
    expect(Buffer.byteLength(database.socketPath)).toBeLessThanOrEqual(107);
    await database.stop();
    expect(existsSync(path.dirname(database.socketPath))).toBe(false);
  });

  test("starts over after an interruption while it was being made", async () => {
    const dataDir = path.join(base, "broken");
    await expect(startPrivateDatabase({ dataDir, log, options: ["--no-such-option"] })).rejects.toMatchObject({
      reason: "failed",
      message: expect.stringContaining("no-such-option"),
    });
    const database = await startPrivateDatabase({ dataDir, log });
    await database.stop();
    expect(readdirSync(dataDir).filter((name) => name.startsWith("new-"))).toEqual([]);
  });

  test("says how to get a server where there is none", async () => {
    const start = startPrivateDatabase({ dataDir: path.join(base, "none"), log, program: path.join(base, "mysqld") });
    await expect(start).rejects.toMatchObject({
      reason: "no-server",
      message: expect.stringContaining("apt-get install"),
    });
  });
});

test("a test file gets an empty database of its own on the run's server", async () => {
  const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
  expect(one.name).not.toBe(two.name);
  expect(inject("dsns").map((dsn) => dsn.replace("/ostiary?", `/${one.name}?`))).toContain(one.dsn);
  const connection = await createConnection(one.connection);
  expect(await connection.query("SHOW TABLES").then(([rows]) => rows)).toEqual([]);
  await connection.end();
  await Promise.all([one.drop(), two.drop()]);
});
