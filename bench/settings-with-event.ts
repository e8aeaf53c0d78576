import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createDatabase } from "../src/db/pool.ts";
import { startPrivateDatabase } from "../src/db/private.ts";
import { type Person, registerPeople } from "./people.ts";
import { median } from "./rounds.ts";
import { freePort, type MeasuredServer, migrate, startOstiary, writeConfig } from "./servers.ts";
import { cpuOf, createWatch, type Watch } from "./watch.ts";

/*
 * `node bench/settings-with-event.ts`: changes of a name a second of which a receiver hears, against those without an
 * event, in turns, on one database. First nobody delivers (`queued`): what is measured is the change alone. Then
 * another process of lower priority delivers (`byOtherProcess`); then the server itself, beside the changes. What is
 * left of the events is delivered before the other is measured. The result is a line of JSON. Statements, commits and
 * processor time (milliseconds) are those of a change with all that its event costs until it is delivered; that of the
 * other process is `delivererCpu`. `--profile FOLDER` writes a profile of the server that delivers beside.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    profile: { type: "string" },
  },
});
const [seconds, rounds, workers] = [Number(values.seconds), Number(values.rounds), 16];
/** Who changes their names in turns: what is delivered in order is delivered one after the other for each of them. */
const PEOPLE = 192;
const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-settings-"));
const silentLog = {
  info: () => undefined,
  warn: () => undefined,
  error: (_: object, what: string) => console.error(what),
};
/** Milliseconds in which what is left is delivered, at most. */
const DRAINED_IN_MS = 30_000;
/** Under changes that take all there is, events wait for whoever has time for them. */
const PRIORITY = 10;

const startReceiver = async () => {
  let events = 0;
  const server = createServer((request, response) => {
    events++;
    request.resume().on("end", () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    events: () => events,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

interface ServerChoices {
  readonly dsn: string;
  /** Who hears of changes; undefined: nobody. */
  readonly url: string | undefined;
  readonly delivers: boolean;
  readonly profile?: string | undefined;
}

const start = async ({ dsn, url, delivers, profile }: ServerChoices): Promise<MeasuredServer> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const written = JSON.parse(
    readFileSync(writeConfig(folder, { dsn, port, adminPort, options: { hash: "reference" } }), "utf8"),
  );
  const secrets = [`whsec_${Buffer.alloc(32, 1).toString("base64")}`];
  written.events = {
    delivery: { concurrency: delivers ? 8 : 0 },
    receivers: url === undefined ? [] : [{ name: "bench", url, secrets }],
  };
  const file = path.join(folder, `node-${port}.json`);
  writeFileSync(file, JSON.stringify(written));
  return startOstiary(file, port, profile);
};

let turn = 0;
/** One change of a name. */
const change = async ({ baseUrl }: MeasuredServer, { token, settingsFlow, email }: Person): Promise<void> => {
  const response = await fetch(`${baseUrl}/self-service/settings?flow=${settingsFlow}`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({
      method: "profile",
      traits: { email, name: { first: "Ann", last: `Bench ${++turn}` } },
    }),
  });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
};

/** What was measured of a server in one round. */
interface Round {
  readonly perSecond: number;
  readonly statements: number;
  readonly commits: number;
  readonly cpu: { readonly server: number; readonly database: number };
}

/** Where a comparison is made. */
interface Place {
  readonly watch: Watch;
  readonly people: readonly Person[];
  /** Waits until what was caused is delivered. */
  readonly drained: () => Promise<void>;
}

const measure = async ({ watch, people, drained }: Place, server: MeasuredServer): Promise<Round> => {
  let done = 0;
  const { result, cost } = await watch.during(server.pid, async () => {
    const began = performance.now();
    const work = async (_: unknown, worker: number) => {
      for (let at = worker; performance.now() - began < seconds * 1000; at += workers, done++)
        await change(server, people[at % people.length] as Person);
    };
    await Promise.all(Array.from({ length: workers }, work));
    const perSecond = done / ((performance.now() - began) / 1000);
    await drained();
    return perSecond;
  });
  return {
    perSecond: result,
    statements: cost.statements / done,
    commits: cost.commits / done,
    cpu: { server: cost.cpu.server / done, database: cost.cpu.database / done },
  };
};

/** Measures the two in turns, and returns the median of each figure over the rounds. */
const compare = async (place: Place, servers: Record<"without" | "withEvent", MeasuredServer>) => {
  const measured: Record<"without" | "withEvent", Round>[] = [];
  for (const server of Object.values(servers)) await measure(place, server);
  for (let round = 0; round < rounds; round++) {
    // Each comes first as often as the other: what else the machine does meets both alike.
    const order = round % 2 === 0 ? (["without", "withEvent"] as const) : (["withEvent", "without"] as const);
    const found: Partial<Record<"without" | "withEvent", Round>> = {};
    for (const which of order) found[which] = await measure(place, servers[which]);
    measured.push(found as Record<"without" | "withEvent", Round>);
  }
  const of = (figure: (one: (typeof measured)[number]) => number) => Number(median(measured.map(figure)).toFixed(2));
  const both = (figure: (one: Round) => number) => ({
    without: of((one) => figure(one.without)),
    withEvent: of((one) => figure(one.withEvent)),
  });
  return {
    perSecond: both((one) => one.perSecond),
    share: of((one) => one.withEvent.perSecond / one.without.perSecond),
    statements: both((one) => one.statements),
    commits: both((one) => one.commits),
    serverCpu: both((one) => one.cpu.server),
    databaseCpu: both((one) => one.cpu.database),
  };
};

const database = await startPrivateDatabase({
  dataDir: path.join(folder, "database"),
  engine: undefined,
  log: silentLog,
});
const receiver = await startReceiver();
const servers: MeasuredServer[] = [];
const end: (() => Promise<void>)[] = [];
try {
  const [port, adminPort] = [await freePort(), await freePort()];
  const { dsn } = database;
  await migrate(writeConfig(folder, { dsn, port, adminPort, options: { hash: "reference" } }));
  const startOne = async (choices: Omit<ServerChoices, "dsn">): Promise<MeasuredServer> => {
    const server = await start({ ...choices, dsn });
    servers.push(server);
    return server;
  };
  const db = createDatabase({ dsn, poolSize: 1, log: silentLog });
  end.push(() => db.close());
  const drained = async (): Promise<void> => {
    const isLeft = async () => {
      const [row] = await db.query<{ left_over: number | string }>(
        `SELECT EXISTS (SELECT 1 FROM security_events WHERE relay = 1)
             OR EXISTS (SELECT 1 FROM jobs WHERE kind = 'event_bench') AS left_over`,
      );
      return Number(row?.left_over) === 1;
    };
    for (const until = Date.now() + DRAINED_IN_MS; await isLeft(); await sleep(100))
      if (Date.now() > until) throw new Error("what was caused is not delivered");
  };

  const without = await startOne({ url: undefined, delivers: false });
  const people = await registerPeople(without.baseUrl, PEOPLE, "person");
  const watch = await createWatch(database.socketPath, database.pid);
  end.push(() => watch.close());

  const writing = await startOne({ url: receiver.url, delivers: false });
  const queued = await compare({ watch, people, drained: async () => undefined }, { without, withEvent: writing });
  // What nobody has delivered would be in the way of the rest.
  await db.execute("UPDATE security_events SET relay = NULL, receivers = NULL WHERE relay = 1");

  const deliverer = await startOne({ url: receiver.url, delivers: true });
  os.setPriority(deliverer.pid, PRIORITY);
  await drained();
  const [before, eventsBefore] = [cpuOf(deliverer.pid), receiver.events()];
  const byOtherProcess = await compare({ watch, people, drained }, { without, withEvent: writing });
  const events = receiver.events() - eventsBefore;
  const delivererCpu = Number(((cpuOf(deliverer.pid) - before) / Math.max(1, events)).toFixed(2));
  await Promise.all([writing, deliverer].map((server) => server.stop()));

  const delivering = await startOne({ url: receiver.url, delivers: true, profile: values.profile });
  const beside = await compare({ watch, people, drained }, { without, withEvent: delivering });
  console.log(
    JSON.stringify({ queued, byOtherProcess: { ...byOtherProcess, delivererCpu }, beside, events: receiver.events() }),
  );
} finally {
  for (const step of end) await step();
  await Promise.all(servers.map((server) => server.stop()));
  receiver.close();
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
}
