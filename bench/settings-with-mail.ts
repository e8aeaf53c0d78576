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

/*
 * `node bench/settings-with-mail.ts`: changes of an e-mail address a second that
 * queue a mail, against those that queue none, in turns, on one database. The
 * goal is 80 %. The result is a line of JSON.
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

const perSecond = async (server: MeasuredServer, people: readonly Person[]): Promise<number> => {
  const began = performance.now();
  let done = 0;
  const work = async (person: Person) => {
    for (; performance.now() - began < seconds * 1000; done++) await change(server, person);
  };
  await Promise.all(people.map(work));
  return done / ((performance.now() - began) / 1000);
};

const database = await startPrivateDatabase({ dataDir: path.join(folder, "database"), engine: undefined, log: quiet });
const sink = await startSink();
const servers: MeasuredServer[] = [];
try {
  const [port, adminPort] = [await freePort(), await freePort()];
  await migrate(writeConfig(folder, { dsn: database.dsn, port, adminPort, options: { hash: "default" } }));
  const without = await start(database.dsn, sink.port, false);
  servers.push(without);
  const beside = await start(database.dsn, sink.port, true);
  servers.push(beside);
  const people = await registerPeople(without.baseUrl, workers, "person");
  const measured: { readonly without: number; readonly beside: number }[] = [];
  for (const server of servers) await perSecond(server, people);
  const before = sink.mails();
  for (let round = 0; round < rounds; round++)
    measured.push({ without: await perSecond(without, people), beside: await perSecond(beside, people) });
  const of = (figure: (one: (typeof measured)[number]) => number) => Number(median(measured.map(figure)).toFixed(2));
  console.log(
    JSON.stringify({
      perSecond: { without: of((one) => one.without), withMail: of((one) => one.beside) },
      share: of((one) => one.beside / one.without),
      mails: sink.mails() - before,
    }),
  );
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  sink.close();
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
}
