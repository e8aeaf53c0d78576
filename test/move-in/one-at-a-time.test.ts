import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDatabase } from "../../src/db/pool.ts";
import type { Database } from "../../src/db/sql.ts";
import { acquireMoveLease, type MoveLease } from "../../src/move-in/target/move-lease.ts";
import { openDatabaseProxy } from "../protocols/database-proxy.ts";
import { startServer, type TestServer, testSecrets } from "../protocols/server.ts";
import { bareEnv } from "../setup/bare-env.ts";
import { recordedConfiguration, recordedRows, recordedSource, type SourceDatabase } from "./source-database.ts";

/* One run at a time imports from a source. */

let [server, source, db, folder]: [TestServer, SourceDatabase, Database, string] = [] as never;
beforeAll(async () => {
  [server, source] = [await startServer(), await recordedSource()];
  db = createDatabase({ dsn: server.database.dsn, poolSize: 2 });
  folder = await mkdtemp(path.join(tmpdir(), "ostiary-move-"));
  const configuration = { ...recordedConfiguration(), dev: true, dsn: server.database.dsn, secrets: testSecrets };
  await writeFile(path.join(folder, "ostiary.yml"), JSON.stringify(configuration));
});
afterAll(async () => {
  await db?.close();
  await server?.stop();
  await source?.close();
  await rm(folder, { recursive: true, force: true });
});

const network = String(recordedRows("networks")[0]?.id);

/** Runs the command. */
const moveIn = async (...further: readonly string[]) => {
  const args = ["src/main.ts", "move-in", "-c", path.join(folder, "ostiary.yml"), ...further];
  const child = spawn(process.execPath, args, {
    env: { ...bareEnv, OSTIARY_MOVE_IN_FROM: source.database.dsn },
  });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { stdout, stderr, status };
};

const take = async (about: string, seconds = 2): Promise<MoveLease> => {
  const lease = await acquireMoveLease(db, { source: network, about, seconds });
  if (lease.kind !== "acquired") throw new Error(`it was not acquired: ${lease.kind}`);
  return lease;
};

it("a second run is refused and names the first, a check is not; after the end of the first it may begin", async () => {
  const first = await take("host-of-the-first, process 4711");
  const refused = await moveIn();
  expect(refused).toMatchObject({ status: 1, stdout: "" });
  const named = /another run \(host-of-the-first, process 4711, since \d{4}-[^ ]+Z\) imports from this source/;
  expect(refused.stderr).toMatch(new RegExp(`^${named.source}: waiting[^\n]*\nostiary: ${named.source}\n$`));
  expect(await server.sql("SELECT 1 FROM moved_identities")).toEqual([]);
  expect(await moveIn("--check")).toMatchObject({ status: 0 });
  await first.release();
  expect(await moveIn()).toMatchObject({ status: 0 });
  expect(await server.sql("SELECT 1 FROM moved_identities")).toHaveLength(32);
  expect(await server.sql("SELECT 1 FROM move_leases")).toEqual([]);
});

it("a run that waits for another one ends at once when it is asked to", async () => {
  const first = await take("the first", 60);
  const waiting = spawn(process.execPath, ["src/main.ts", "move-in", "-c", path.join(folder, "ostiary.yml")], {
    env: { PATH: process.env.PATH, OSTIARY_MOVE_IN_FROM: source.database.dsn },
  });
  const stdout = text(waiting.stdout);
  const ended = once(waiting, "exit");
  await once(waiting.stderr, "data");
  waiting.kill("SIGINT");
  // It would have waited until the first one prolongs its lease, a third of a minute from its begin.
  expect(await ended).toEqual([130, null]);
  expect(await stdout).toBe("");
  expect(first.lost.aborted).toBe(false);
  expect(await server.sql("SELECT 1 FROM moved_identities")).toHaveLength(32);
  await first.release();
});

it("a run that crashed leaves its place to the next one in time, and one that goes on keeps it", async () => {
  const crashed = await take("crashed");
  await server.sql("UPDATE move_leases SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND");
  const next = await take("next");
  // What the crashed one would still do of it changes nothing.
  await crashed.release();
  const expiresAt = async () => {
    const [row] = await server.sql<{ at: Date }>("SELECT expires_at AS at FROM move_leases");
    return Number(row?.at);
  };
  const begin = await expiresAt();
  await expect.poll(expiresAt, { timeout: 10_000 }).toBeGreaterThan(begin + 1_000);
  expect(await acquireMoveLease(db, { source: network, about: "another" })).toMatchObject({
    kind: "held",
    about: "next",
  });
  expect(next.lost.aborted).toBe(false);

  await server.sql("UPDATE move_leases SET owner = UNHEX(REPLACE(UUID(), '-', ''))");
  await expect.poll(() => next.lost.aborted, { timeout: 10_000 }).toBe(true);
  await next.release();
  await server.sql("DELETE FROM move_leases");
});

it("a run that has the database out of reach for too long is over, and its end is no failure of its own", async () => {
  const proxy = await openDatabaseProxy(server.database);
  const cutOff = createDatabase({ dsn: proxy.dsn, poolSize: 1 });
  try {
    const lease = await acquireMoveLease(cutOff, { source: network, about: "cut off", seconds: 2 });
    if (lease.kind !== "acquired") throw new Error(`it was not acquired: ${lease.kind}`);
    proxy.cut();
    await expect.poll(() => lease.lost.aborted, { timeout: 30_000 }).toBe(true);
    await lease.release();
  } finally {
    await cutOff.close();
    await proxy.close();
    await server.sql("DELETE FROM move_leases");
  }
});
