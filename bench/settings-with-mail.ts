import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { SMTPServer } from "smtp-server";
import { startPrivateDatabase } from "../src/db/private.ts";
import { type Person, registerPeople } from "./people.ts";
import { median } from "./rounds.ts";
import { freePort, type MeasuredServer, migrate, startOstiary, writeConfig } from "./servers.ts";
import { createWatch, type Watch } from "./watch.ts";

/*
 * `node bench/settings-with-mail.ts`: changes of an e-mail address a second that
 * queue a mail, against those that queue none, in turns, on one database. The
 * server that queues mails delivers them as well, beside the changes; what is
 * left of them is delivered before the other is measured. The result is a line
 * of JSON. Statements, commits and processor time (milliseconds) are those of a
 * change with all that its mail costs until it is delivered.
 */

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "4" }, rounds: { type: "string", default: "3" } },
});
const [seconds, rounds, workers] = [Number(values.seconds), Number(values.rounds), 16];
const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-settings-"));
const quiet = { info: () => undefined, error: (_: object, what: string) => console.error(what) };

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

const start = async (dsn: string, smtpPort: number, isVerifying: boolean): Promise<MeasuredServer> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const written = JSON.parse(
    readFileSync(writeConfig(folder, { dsn, port, adminPort, options: { hash: "default" } }), "utf8"),
  );
  written.selfservice.flows.verification = { enabled: isVerifying };
  written.limits.messages = { per_network: 1_000_000, per_identity: 1_000_000 };
  written.courier = { smtp: { connection_uri: `smtp://127.0.0.1:${smtpPort}/?disable_starttls=true` } };
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

const measure = async (watch: Watch, server: MeasuredServer, people: readonly Person[]): Promise<Round> => {
  let done = 0;
  const { result, cost } = await watch.during(server.pid, async () => {
    const began = performance.now();
    const work = async (person: Person) => {
      for (; performance.now() - began < seconds * 1000; done++) await change(server, person);
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

const database = await startPrivateDatabase({ dataDir: path.join(folder, "database"), engine: undefined, log: quiet });
const sink = await startSink();
const servers: MeasuredServer[] = [];
const end: (() => Promise<void>)[] = [];
try {
  const [port, adminPort] = [await freePort(), await freePort()];
  await migrate(writeConfig(folder, { dsn: database.dsn, port, adminPort, options: { hash: "default" } }));
  const without = await start(database.dsn, sink.port, false);
  servers.push(without);
  const beside = await start(database.dsn, sink.port, true);
  servers.push(beside);
  const people = await registerPeople(without.baseUrl, workers, "person");
  const watch = await createWatch(database.socketPath, database.pid);
  end.push(() => watch.close());
  const measured: { readonly without: Round; readonly beside: Round }[] = [];
  for (const server of servers) await measure(watch, server, people);
  const before = sink.mails();
  for (let round = 0; round < rounds; round++)
    measured.push({ without: await measure(watch, without, people), beside: await measure(watch, beside, people) });
  const of = (figure: (one: (typeof measured)[number]) => number) => Number(median(measured.map(figure)).toFixed(2));
  const both = (figure: (one: Round) => number) => ({
    without: of((one) => figure(one.without)),
    withMail: of((one) => figure(one.beside)),
  });
  console.log(
    JSON.stringify({
      perSecond: both((one) => one.perSecond),
      share: of((one) => one.beside.perSecond / one.without.perSecond),
      statements: both((one) => one.statements),
      commits: both((one) => one.commits),
      serverCpu: both((one) => one.cpu.server),
      databaseCpu: both((one) => one.cpu.database),
      mails: sink.mails() - before,
    }),
  );
} finally {
  for (const step of end) await step();
  await Promise.all(servers.map((server) => server.stop()));
  sink.close();
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
}
