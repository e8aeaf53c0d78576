import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createAuditLog } from "../src/audit/audit-log.ts";
import { createDatabase } from "../src/db/pool.ts";
import { startPrivateDatabase } from "../src/db/private.ts";
import { createOutbox } from "../src/events/outbox.ts";
import { systemClock } from "../src/lib/clock.ts";
import { uuid7 } from "../src/lib/ids.ts";
import { freePort, type MeasuredServer, migrate, startOstiary, writeConfig } from "./servers.ts";

/*
 * `node bench/events.ts`: how many events a second some nodes deliver from one
 * database to a receiver on this machine; with `--kill-every SECONDS`, how many are
 * lost, how many come twice, and how many out of order within their identity, while a
 * node is killed that often and starts anew. The result is a line of JSON.
 *
 * Exit codes: 0 nothing was lost or out of order, and less than one in a thousand came twice; 1 otherwise.
 */

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "2000" },
    "per-identity": { type: "string", default: "5" },
    nodes: { type: "string", default: "2" },
    "kill-every": { type: "string", default: "0" },
    "give-up-after": { type: "string", default: "900" },
  },
});
const events = Number(values.events);
const perIdentity = Number(values["per-identity"]);
const nodeCount = Number(values.nodes);
const killEvery = Number(values["kill-every"]);
const giveUpAfter = Number(values["give-up-after"]);
const BATCH = 20;

const say = (what: string): void => console.error(what);
const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-events-"));
const silentLog = { info: () => undefined, warn: () => undefined, error: (_: object, what: string) => say(what) };

/** Counts deliveries by the id of their event, and those that come before an earlier one of the same identity. */
const startReceiver = async () => {
  const times = new Map<string, number>();
  const latest = new Map<string, number>();
  let outOfOrder = 0;
  let [firstAt, lastAt] = [0, 0];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const event = JSON.parse(Buffer.concat(chunks).toString("utf8")) as {
      readonly id: string;
      readonly identity_id: string;
      readonly position: number;
    };
    firstAt ||= performance.now();
    lastAt = performance.now();
    const isFirst = !times.has(event.id);
    times.set(event.id, (times.get(event.id) ?? 0) + 1);
    const before = latest.get(event.identity_id) ?? 0;
    if (isFirst && event.position !== before + 1) outOfOrder++;
    latest.set(event.identity_id, Math.max(before, event.position));
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    times,
    outOfOrder: () => outOfOrder,
    /** Seconds from the first delivery to the last. */
    seconds: () => (lastAt - firstAt) / 1000,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const receiverAt = (url: string) => ({
  name: "bench",
  url,
  secrets: [`whsec_${Buffer.alloc(32, 1).toString("base64")}`],
  retry: Array.from({ length: 30 }, () => "1s"),
});

const startNode = async (dsn: string, url: string): Promise<MeasuredServer> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const written = writeConfig(folder, { dsn, port, adminPort, options: { hash: "default" } });
  const config = { ...JSON.parse(readFileSync(written, "utf8")), events: { receivers: [receiverAt(url)] } };
  const file = path.join(folder, `node-${port}.json`);
  writeFileSync(file, JSON.stringify(config));
  // A busy machine may need longer than one start takes at most.
  return startOstiary(file, port, undefined).catch(() => startOstiary(file, port, undefined));
};

/** Records events as changes do, each in a transaction of its own, some people at once. */
const recordAll = async (dsn: string, url: string): Promise<void> => {
  const db = createDatabase({ dsn, poolSize: BATCH });
  const receiver = { ...receiverAt(url), types: ["*"], format: "ostiary" as const, headers: {}, retry: [1_000] };
  const audit = createAuditLog({
    clock: systemClock,
    digestKey: "of the bench",
    isStreamed: false,
    receivers: { wanting: createOutbox({ receivers: [receiver] }).wanting, wake: () => undefined },
  });
  const call = { headers: {}, remoteAddress: "127.0.0.1", requestId: "bench" };
  const one = async (): Promise<void> => {
    const identityId = uuid7(new Date());
    for (let n = 0; n < perIdentity; n++)
      await db.transaction((tx) =>
        audit.record(tx, { identityId, sessionId: undefined, type: "password.changed", outcome: "done" }, call),
      );
  };
  const people = Math.ceil(events / perIdentity);
  for (let from = 0; from < people; from += BATCH)
    await Promise.all(Array.from({ length: Math.min(BATCH, people - from) }, one));
  await db.close();
};

const run = async (): Promise<boolean> => {
  const database = await startPrivateDatabase({
    dataDir: path.join(folder, "database"),
    engine: undefined,
    log: silentLog,
  });
  const receiver = await startReceiver();
  const { dsn } = database;
  const nodes: MeasuredServer[] = [];
  try {
    const [port, adminPort] = [await freePort(), await freePort()];
    await migrate(writeConfig(folder, { dsn, port, adminPort, options: { hash: "default" } }));
    const db = createDatabase({ dsn, poolSize: 2 });
    say(`recording ${events} events`);
    const recording = performance.now();
    await recordAll(dsn, receiver.url);
    const recordedIn = (performance.now() - recording) / 1000;
    const [all] = await db.query<{ n: number }>("SELECT COUNT(*) AS n FROM security_events WHERE relay = 1");
    const recorded = Number(all?.n ?? 0);
    while (nodes.length < nodeCount) nodes.push(await startNode(dsn, receiver.url));
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    let [killed, nextKill] = [0, killEvery];
    while (seconds() < giveUpAfter) {
      const waiting = await db.query(
        `SELECT 1 AS n FROM security_events WHERE relay = 1
          UNION ALL SELECT 1 FROM jobs WHERE kind = 'event_bench' AND parked_at IS NULL LIMIT 1`,
      );
      if (waiting.length === 0) break;
      const hasMore = receiver.times.size < recorded;
      // In the end only what killed nodes had begun is left: it is begun again once their lease is over.
      if (killEvery > 0 && hasMore && seconds() >= nextKill) {
        nextKill = seconds() + killEvery;
        const victim = nodes.shift();
        if (victim === undefined) break;
        process.kill(victim.pid, "SIGKILL");
        await victim.stop();
        killed++;
        nodes.push(await startNode(dsn, receiver.url));
        say(`${receiver.times.size} of ${recorded} after ${seconds().toFixed(0)} s; ${killed} nodes were killed`);
      }
      await sleep(50);
    }
    await db.close();
    const twice = [...receiver.times.values()].filter((count) => count > 1).length;
    const result = {
      events: recorded,
      nodes: nodeCount,
      killEvery,
      killed,
      seconds: Number(receiver.seconds().toFixed(1)),
      perSecond: Math.round(receiver.times.size / receiver.seconds()),
      recordedPerSecond: Math.round(recorded / recordedIn),
      lost: recorded - receiver.times.size,
      twice,
      outOfOrder: receiver.outOfOrder(),
    };
    console.log(JSON.stringify(result));
    return result.lost === 0 && result.outOfOrder === 0 && twice * 1000 < recorded;
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    receiver.close();
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

process.exitCode = (await run()) ? 0 : 1;
