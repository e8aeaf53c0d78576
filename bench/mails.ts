import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { SMTPServer } from "smtp-server";
import { createQueue } from "../src/courier/courier.ts";
import { createMessageStore } from "../src/courier/store.ts";
import { createDatabase } from "../src/db/pool.ts";
import { startPrivateDatabase } from "../src/db/private.ts";
import { createAead } from "../src/lib/aead.ts";
import { systemClock } from "../src/lib/clock.ts";
import { uuidText } from "../src/lib/ids.ts";
import { freePort, type MeasuredServer, migrate, startOstiary, writeConfig } from "./servers.ts";

/*
 * `node bench/mails.ts`: how many mails a second some nodes deliver from one
 * database to a mail server on this machine; with `--kill-every SECONDS`, how
 * many are lost, come twice, or are still leased at the end, while a node is killed
 * that often and starts anew. The result is a line of JSON.
 *
 * Exit codes: 0 nothing was lost, and less than one in a thousand came twice; 1 otherwise.
 */

const { values } = parseArgs({
  options: {
    mails: { type: "string", default: "2000" },
    nodes: { type: "string", default: "2" },
    "kill-every": { type: "string", default: "0" },
    "give-up-after": { type: "string", default: "900" },
  },
});
const mails = Number(values.mails);
const nodeCount = Number(values.nodes);
const killEvery = Number(values["kill-every"]);
const giveUpAfter = Number(values["give-up-after"]);
const BATCH = 50;
/** Seconds between two words about how far it is. */
const SAY_EVERY = 5;

const say = (what: string): void => console.error(what);
const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-mails-"));
const silentLog = { info: () => undefined, warn: () => undefined, error: (_: object, what: string) => say(what) };

/** Counts mails by the id of the message, and remembers when each was accepted first. */
const startSink = async () => {
  const times = new Map<string, number>();
  const acceptedAt = new Map<string, number>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    disableReverseLookup: true,
    logger: false,
    onData: (stream, _, callback) => {
      let head = "";
      stream.on("data", (chunk: Buffer) => {
        if (head.length < 4_096) head += chunk.toString("latin1");
      });
      stream.on("end", () => {
        const id = /^message-id: <([^@]+)@/im.exec(head)?.[1] ?? "";
        times.set(id, (times.get(id) ?? 0) + 1);
        if (!acceptedAt.has(id)) acceptedAt.set(id, performance.now());
        callback();
      });
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { times, acceptedAt, port: (server.server.address() as AddressInfo).port, close: () => server.close() };
};

/**
 * How long a mail is accepted and not yet written down, in the middle, while there is a backlog; and how many in a
 * thousand come twice by it when one of the nodes is killed so often, which says more than the few that happened to.
 */
const describeWindow = (
  samples: readonly { readonly count: number; readonly arrived: number; readonly at: number }[],
) => {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.arrived === first.arrived) return {};
  const mean = samples.reduce((sum, { count }) => sum + count, 0) / samples.length;
  const seconds = mean / ((last.arrived - first.arrived) / (last.at - first.at));
  return {
    windowMs: Number((seconds * 1000).toFixed(1)),
    ...(killEvery > 0 && { expectedTwicePerThousand: Number(((1000 * seconds) / nodeCount / killEvery).toFixed(2)) }),
  };
};

const startNode = async (dsn: string, smtpPort: number): Promise<MeasuredServer> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const written = writeConfig(folder, { dsn, port, adminPort, options: { hash: "default" } });
  const config = {
    ...JSON.parse(readFileSync(written, "utf8")),
    courier: {
      smtp: { connection_uri: `smtp://127.0.0.1:${smtpPort}/?disable_starttls=true` },
      message_retries: 100,
    },
  };
  const file = path.join(folder, `node-${port}.json`);
  writeFileSync(file, JSON.stringify(config));
  // A busy machine may need longer than one start takes at most.
  return startOstiary(file, port, undefined).catch(() => startOstiary(file, port, undefined));
};

/** Queues mails as flows do, each in a transaction of its own among some at once. */
const queueAll = async (dsn: string): Promise<void> => {
  const db = createDatabase({ dsn, poolSize: 10 });
  const aead = createAead({ algorithm: "aes", keys: ["thirty-two bytes, and no secret!"] });
  const { queue } = createQueue({
    jobs: { wake: () => undefined },
    messages: createMessageStore(aead),
    clock: systemClock,
    metrics: { queued: () => undefined },
    describe: undefined,
  });
  const one = (n: number) =>
    db.transaction((tx) =>
      queue(tx, {
        template: "verification_code_valid",
        channel: "email",
        recipient: `person-${n}@example.com`,
        locale: "en",
        data: { code: String(100_000 + (n % 900_000)), expiresInMinutes: 60 },
        requestUrl: "http://127.0.0.1/self-service/verification/browser",
        expiresAt: new Date(Date.now() + 86_400_000),
        budget: { none: "nobody has caused it" },
      }),
    );
  for (let from = 0; from < mails; from += BATCH)
    await Promise.all(Array.from({ length: Math.min(BATCH, mails - from) }, (_, at) => one(from + at)));
  await db.close();
};

const run = async (): Promise<boolean> => {
  const database = await startPrivateDatabase({
    dataDir: path.join(folder, "database"),
    engine: undefined,
    log: silentLog,
  });
  const sink = await startSink();
  const { dsn } = database;
  const nodes: MeasuredServer[] = [];
  try {
    const [port, adminPort] = [await freePort(), await freePort()];
    await migrate(writeConfig(folder, { dsn, port, adminPort, options: { hash: "default" } }));
    const db = createDatabase({ dsn, poolSize: 2 });
    say(`queueing ${mails} mails`);
    const queueing = performance.now();
    await queueAll(dsn);
    const queuedIn = (performance.now() - queueing) / 1000;
    say(`starting ${nodeCount} nodes`);
    while (nodes.length < nodeCount) nodes.push(await startNode(dsn, sink.port));
    const began = performance.now();
    const already = sink.times.size;
    const seconds = () => (performance.now() - began) / 1000;
    const anyOf = async (statuses: string): Promise<boolean> =>
      (await db.query(`SELECT id FROM courier_messages WHERE status IN (${statuses}) LIMIT 1`)).length > 0;
    /** How many mails were accepted a moment ago and are not written down as sent. */
    const unsettled = async (): Promise<number> => {
      const before = performance.now();
      const rows = await db.query<{ id: Buffer }>("SELECT id FROM courier_messages WHERE status = 'processing'");
      const after = performance.now();
      const accepted = rows.map(({ id }) => sink.acceptedAt.get(uuidText(id)) ?? Number.POSITIVE_INFINITY);
      return (accepted.filter((at) => at < before).length + accepted.filter((at) => at < after).length) / 2;
    };
    const samples: { readonly count: number; readonly arrived: number; readonly at: number }[] = [];
    let [killed, saidAt] = [0, 0];
    const progress = (): void => {
      saidAt = seconds();
      const twice = [...sink.times.values()].filter((count) => count > 1).length;
      say(`${sink.times.size} of ${mails} after ${saidAt.toFixed(0)} s, ${twice} twice; ${killed} nodes were killed`);
    };
    let nextKill = killEvery;
    let doneAt = 0;
    while (seconds() < giveUpAfter) {
      const hasBacklog = await anyOf("'queued'");
      if (!hasBacklog && !(await anyOf("'processing'"))) {
        doneAt = seconds();
        break;
      }
      // In the end only what killed nodes had begun is left: it is begun again once their lease is over.
      if (killEvery > 0 && hasBacklog && seconds() >= nextKill) {
        nextKill = seconds() + killEvery;
        const victim = nodes.shift();
        if (victim === undefined) break;
        process.kill(victim.pid, "SIGKILL");
        await victim.stop();
        killed++;
        nodes.push(await startNode(dsn, sink.port));
      }
      if (seconds() - saidAt >= SAY_EVERY) progress();
      if (hasBacklog) samples.push({ count: await unsettled(), arrived: sink.times.size, at: seconds() });
      await sleep(50);
    }
    const rows = await db.query<{ status: string; n: number }>(
      "SELECT status, COUNT(*) AS n FROM courier_messages GROUP BY status",
    );
    const leased = await db.query("SELECT id FROM courier_messages WHERE owner IS NOT NULL");
    await db.close();
    const twice = [...sink.times.values()].filter((count) => count > 1).length;
    const result = {
      mails,
      nodes: nodeCount,
      killEvery,
      killed,
      seconds: Number(doneAt.toFixed(1)),
      perSecond: doneAt === 0 ? 0 : Math.round((mails - already) / doneAt),
      queuedPerSecond: Math.round(mails / queuedIn),
      arrived: sink.times.size,
      lost: mails - sink.times.size,
      twice,
      leased: leased.length,
      ...describeWindow(samples),
      statuses: Object.fromEntries(rows.map(({ status, n }) => [status, Number(n)])),
    };
    console.log(JSON.stringify(result));
    return result.lost === 0 && twice * 1000 < mails;
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    sink.close();
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

process.exitCode = (await run()) ? 0 : 1;
