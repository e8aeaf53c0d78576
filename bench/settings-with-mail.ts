import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { SMTPServer } from "smtp-server";
import { createDatabase } from "../src/db/pool.ts";
import { startPrivateDatabase } from "../src/db/private.ts";
import { type Person, registerPeople } from "./people.ts";
import { median } from "./rounds.ts";
import { freePort, type MeasuredServer, migrate, startOstiary, writeConfig } from "./servers.ts";
import { cpuOf, createWatch, type Watch } from "./watch.ts";

/*
 * `node bench/settings-with-mail.ts`: changes of an e-mail address a second that
 * queue a mail, against those that queue none, in turns, on one database. First
 * nobody delivers while it is measured (`queued`): what was queued is delivered
 * between two measurements. Then the mails are delivered by another process, of
 * lower priority (`byOtherProcess`); then by the server itself (`beside`). What is left
 * of them is delivered before the other is measured. Each is measured once for `--warm`
 * seconds before, which does not count. The result is a line of JSON.
 * Statements, commits and processor time (milliseconds) are those of a change,
 * with all that its mail costs until it is delivered where it is delivered
 * meanwhile; that of the other process is `delivererCpu`.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    warm: { type: "string", default: "20" },
  },
});
const [seconds, rounds, warm, workers] = [Number(values.seconds), Number(values.rounds), Number(values.warm), 16];
const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-settings-"));
const silentLog = { info: () => undefined, error: (_: object, what: string) => console.error(what) };

const startSink = async () => {
  let mails = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    disableReverseLookup: true,
    logger: false,
    onData: (stream, _, callback) => {
      mails++;
      stream.resume().on("end", () => callback());
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.server.address() as AddressInfo).port, mails: () => mails, close: () => server.close() };
};

interface ServerChoices {
  readonly dsn: string;
  readonly smtpPort: number;
  readonly isVerifying: boolean;
  readonly delivers: boolean;
}

const start = async ({ dsn, smtpPort, isVerifying, delivers }: ServerChoices): Promise<MeasuredServer> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const written = JSON.parse(
    readFileSync(writeConfig(folder, { dsn, port, adminPort, options: { hash: "default" } }), "utf8"),
  );
  written.selfservice.flows.verification = { enabled: isVerifying };
  written.limits.messages = { per_network: 1_000_000, per_identity: 1_000_000 };
  written.courier = {
    smtp: { connection_uri: `smtp://127.0.0.1:${smtpPort}/?disable_starttls=true` },
    worker: { pull_count: delivers ? 10 : 0 },
  };
  const file = path.join(folder, `node-${port}.json`);
  writeFileSync(file, JSON.stringify(written));
  return startOstiary(file, port, undefined);
};

let turn = 0;
/** One change of an address. */
const change = async ({ baseUrl }: MeasuredServer, { token, settingsFlow }: Person): Promise<void> => {
  const response = await fetch(`${baseUrl}/self-service/settings?flow=${settingsFlow}`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({
      method: "profile",
      traits: { email: `new-${++turn}@bench.example`, name: { first: "Ann", last: "Bench" } },
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

const measure = async (
  watch: Watch,
  server: MeasuredServer,
  people: readonly Person[],
  duration: number,
): Promise<Round> => {
  let done = 0;
  const { result, cost } = await watch.during(server.pid, async () => {
    const began = performance.now();
    const work = async (person: Person) => {
      for (; performance.now() - began < duration * 1000; done++) await change(server, person);
    };
    await Promise.all(people.map(work));
    return done / ((performance.now() - began) / 1000);
  });
  return {
    perSecond: result,
    statements: cost.statements / done,
    commits: cost.commits / done,
    cpu: { server: cost.cpu.server / done, database: cost.cpu.database / done },
  };
};

/**
 * Measures the two in turns, and returns the median of each figure over the rounds.
 *
 * @param deliver runs after each measurement
 */
const compare = async (
  watch: Watch,
  servers: Record<"without" | "withMail", MeasuredServer>,
  people: readonly Person[],
  deliver: () => Promise<void> = async () => undefined,
) => {
  const measured: Record<"without" | "withMail", Round>[] = [];
  const measureOne = async (server: MeasuredServer, duration = seconds): Promise<Round> => {
    const round = await measure(watch, server, people, duration);
    await deliver();
    return round;
  };
  // Some thousand changes: what of the code of either is compiled by then stays so.
  for (const server of Object.values(servers)) await measureOne(server, warm);
  for (let round = 0; round < rounds; round++) {
    // Each comes first as often as the other: what else the machine does meets both alike.
    const order = round % 2 === 0 ? (["without", "withMail"] as const) : (["withMail", "without"] as const);
    const found: Partial<Record<"without" | "withMail", Round>> = {};
    for (const which of order) found[which] = await measureOne(servers[which]);
    measured.push(found as Record<"without" | "withMail", Round>);
  }
  const of = (figure: (one: (typeof measured)[number]) => number) => Number(median(measured.map(figure)).toFixed(2));
  const both = (figure: (one: Round) => number) => ({
    without: of((one) => figure(one.without)),
    withMail: of((one) => figure(one.withMail)),
  });
  return {
    perSecond: both((one) => one.perSecond),
    share: of((one) => one.withMail.perSecond / one.without.perSecond),
    statements: both((one) => one.statements),
    commits: both((one) => one.commits),
    serverCpu: both((one) => one.cpu.server),
    databaseCpu: both((one) => one.cpu.database),
  };
};

/** Under changes that take all there is, mails wait for whoever has time for them. */
const PRIORITY = 10;

const database = await startPrivateDatabase({
  dataDir: path.join(folder, "database"),
  engine: undefined,
  log: silentLog,
});
const sink = await startSink();
const servers: MeasuredServer[] = [];
const end: (() => Promise<void>)[] = [];
try {
  const [port, adminPort] = [await freePort(), await freePort()];
  await migrate(writeConfig(folder, { dsn: database.dsn, port, adminPort, options: { hash: "default" } }));
  const startOne = async (isVerifying: boolean, delivers: boolean): Promise<MeasuredServer> => {
    const server = await start({ dsn: database.dsn, smtpPort: sink.port, isVerifying, delivers });
    servers.push(server);
    return server;
  };
  const without = await startOne(false, false);
  const people = await registerPeople(without.baseUrl, workers, "person");
  const watch = await createWatch(database.socketPath, database.pid);
  end.push(() => watch.close());

  const queueing = await startOne(true, false);
  const db = createDatabase({ dsn: database.dsn, poolSize: 1 });
  end.push(() => db.close());
  /** Starts a process that delivers what waits, and ends it. */
  const deliverAll = async (): Promise<void> => {
    const waiting = async () => db.query("SELECT 1 FROM courier_messages WHERE run_at IS NOT NULL LIMIT 1");
    if ((await waiting()).length === 0) return;
    const delivering = await startOne(true, true);
    while ((await waiting()).length > 0) await sleep(50);
    await delivering.stop();
  };
  const queued = await compare(watch, { without, withMail: queueing }, people, deliverAll);

  const deliverer = await startOne(true, true);
  os.setPriority(deliverer.pid, PRIORITY);
  const [before, mailsBefore] = [cpuOf(deliverer.pid), sink.mails()];
  const byOtherProcess = await compare(watch, { without, withMail: queueing }, people);
  const delivererCpu = Number(((cpuOf(deliverer.pid) - before) / Math.max(1, sink.mails() - mailsBefore)).toFixed(2));
  await Promise.all([queueing, deliverer].map((server) => server.stop()));

  const delivering = await startOne(true, true);
  const beside = await compare(watch, { without, withMail: delivering }, people);
  console.log(
    JSON.stringify({ queued, byOtherProcess: { ...byOtherProcess, delivererCpu }, beside, mails: sink.mails() }),
  );
} finally {
  for (const step of end) await step();
  await Promise.all(servers.map((server) => server.stop()));
  sink.close();
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
}
