import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { createPayloads } from "../../../src/jobs/payloads.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { uuidBytes, uuidText } from "../../../src/lib/ids.ts";
import { type MailServer, startMailServer } from "../../protocols/mail-server.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";
import { startNode, until } from "./courier-node.ts";

const script = fileURLToPath(new URL("./courier-process.ts", import.meta.url));

let fresh: FreshDatabase;
let db: Database;
let server: MailServer;
let children: ChildProcess[] = [];
beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 2 });
});
afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await server?.close();
});

/** Starts a process of its own, and waits until it has queued what it should. */
const begin = async (env: Readonly<Record<string, string>> = {}): Promise<ChildProcess> => {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, fresh.dsn, String(server.port)],
    { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] },
  );
  children.push(child);
  if (child.stdout !== null) await once(child.stdout, "data");
  return child;
};
const kill = async (child: ChildProcess): Promise<void> => {
  child.kill("SIGKILL");
  await once(child, "exit");
};
const waiting = async (like: string): Promise<number> =>
  (await db.query("SELECT id FROM courier_messages WHERE recipient LIKE ? AND status <> 'sent'", [like])).length;
/** How often each recipient got a mail. */
const timesOf = (prefix: string): Map<string, number> => {
  const times = new Map<string, number>();
  for (const { to } of server.mails)
    for (const recipient of to.filter((each) => each.startsWith(prefix)))
      times.set(recipient, (times.get(recipient) ?? 0) + 1);
  return times;
};

describe("processes on one database", { timeout: 60_000 }, () => {
  it("deliver each message once", async () => {
    server = await startMailServer();
    await Promise.all([begin({ COUNT: "30", RECIPIENT: "left" }), begin({ COUNT: "30", RECIPIENT: "right" })]);
    await until(async () => (await waiting("left-%")) + (await waiting("right-%")) === 0, 30);
    const times = new Map([...timesOf("left-"), ...timesOf("right-")]);
    expect(times.size).toBe(60);
    expect([...times.values()].filter((count) => count !== 1)).toEqual([]);
  });

  it("one that is killed after the commit loses nothing: another delivers", async () => {
    server = await startMailServer();
    // Nothing is answered: what it delivers is underway when it dies, the rest waits.
    server.behaviour.hangsAfterData = true;
    const killed = await begin({ COUNT: "12", RECIPIENT: "orphan" });
    await until(() => server.mails.length > 0);
    await kill(killed);
    const before = timesOf("orphan-").size;
    expect(before).toBeLessThan(12);
    server.behaviour.hangsAfterData = false;
    const other = await begin();
    await until(async () => (await waiting("orphan-%")) === 0, 30);
    const times = timesOf("orphan-");
    expect(times.size).toBe(12);
    // What was underway comes again, with the Message-ID that it had; nothing else does.
    expect([...times.values()].filter((count) => count > 1)).toHaveLength(before);
    expect(new Set(server.mails.map(({ parsed }) => parsed.messageId)).size).toBe(12);
    other.kill("SIGTERM");
    await once(other, "exit");
  });

  it("one that is told to end gives back what it has begun", async () => {
    server = await startMailServer();
    server.behaviour.delay = 300;
    const ended = await begin({ COUNT: "6", RECIPIENT: "given" });
    ended.kill("SIGTERM");
    await once(ended, "exit");
    const node = await startNode(fresh.dsn, {
      smtp: { connection_uri: `smtp://127.0.0.1:${server.port}/?disable_starttls=true` },
    });
    await until(async () => (await waiting("given-%")) === 0, 30);
    expect(timesOf("given-").size).toBe(6);
    await node.stop();
  });

  it("deliver what an earlier version has queued, once", async () => {
    server = await startMailServer();
    const smtp = { connection_uri: `smtp://127.0.0.1:${server.port}/?disable_starttls=true` };
    const queueing = await startNode(fresh.dsn, { smtp, worker: { pull_count: 0 } });
    await queueing.queue({ recipient: "of-before@example.com" });
    await queueing.stop();
    // That had a job for each message, with its id, and messages had no time of their own.
    await db.execute("UPDATE courier_messages SET run_at = NULL WHERE recipient = 'of-before@example.com'");
    const [row] = await db.query<{ id: Buffer }>(
      "SELECT id FROM courier_messages WHERE recipient = 'of-before@example.com'",
    );
    const id = uuidText(row?.id ?? Buffer.alloc(16));
    const sealed = createPayloads(createAead({ algorithm: "aes", keys: ["exactly thirty-two bytes of text"] }));
    await db.execute(
      `INSERT INTO jobs (id, kind, order_key, position, payload, attempts, run_at, created_at)
       VALUES (?, 'courier', NULL, 0, ?, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
      [uuidBytes(id), sealed.seal(id, "courier", {})],
    );
    const delivering = await Promise.all([startNode(fresh.dsn, { smtp }), startNode(fresh.dsn, { smtp })]);
    await until(async () => (await waiting("of-before%")) === 0, 30);
    await until(async () => (await db.query("SELECT id FROM jobs WHERE kind = 'courier'")).length === 0, 30);
    await Promise.all(delivering.map((node) => node.stop()));
    expect(timesOf("of-before")).toEqual(new Map([["of-before@example.com", 1]]));
  });

  it("one that delivers none leaves its messages to others", async () => {
    server = await startMailServer();
    const smtp = { connection_uri: `smtp://127.0.0.1:${server.port}/?disable_starttls=true` };
    const queueing = await startNode(fresh.dsn, { smtp, worker: { pull_count: 0 } });
    await queueing.queue({ recipient: "left-to-others@example.com" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await queueing.row("left-to-others@example.com")).toMatchObject({ status: "queued", send_count: 0 });
    const delivering = await startNode(fresh.dsn, { smtp });
    await until(async () => (await waiting("left-to-others%")) === 0, 30);
    await Promise.all([queueing, delivering].map((node) => node.stop()));
    expect(timesOf("left-to-others")).toEqual(new Map([["left-to-others@example.com", 1]]));
  });
});
