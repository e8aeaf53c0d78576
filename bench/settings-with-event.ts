import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startPrivateDatabase } from "../src/db/private.ts";
import { type Person, registerPeople } from "./people.ts";
import { median } from "./rounds.ts";
import { freePort, type MeasuredServer, migrate, startOstiary, writeConfig } from "./servers.ts";

/*
 * `node bench/settings-with-event.ts`: changes of a name a second of which a
 * receiver hears, against those without an event, in turns, on one database. The
 * goal is 85 %. The result is a line of JSON.
 */

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "4" }, rounds: { type: "string", default: "3" } },
});
const [seconds, rounds, workers] = [Number(values.seconds), Number(values.rounds), 16];
const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-settings-"));
const quiet = { info: () => undefined, error: (_: object, what: string) => console.error(what) };

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

const start = async (dsn: string, url: string | undefined): Promise<MeasuredServer> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const written = JSON.parse(
    readFileSync(writeConfig(folder, { dsn, port, adminPort, options: { hash: "default" } }), "utf8"),
  );
  const secrets = [`whsec_${Buffer.alloc(32, 1).toString("base64")}`];
  if (url !== undefined) written.events = { receivers: [{ name: "bench", url, secrets }] };
  const file = path.join(folder, `node-${port}.json`);
  writeFileSync(file, JSON.stringify(written));
  return startOstiary(file, port, undefined);
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
const receiver = await startReceiver();
const servers: MeasuredServer[] = [];
try {
  const [port, adminPort] = [await freePort(), await freePort()];
  await migrate(writeConfig(folder, { dsn: database.dsn, port, adminPort, options: { hash: "default" } }));
  const without = await start(database.dsn, undefined);
  servers.push(without);
  const beside = await start(database.dsn, receiver.url);
  servers.push(beside);
  const people = await registerPeople(without.baseUrl, workers, "person");
  const measured: { readonly without: number; readonly beside: number }[] = [];
  for (const server of servers) await perSecond(server, people);
  const before = receiver.events();
  for (let round = 0; round < rounds; round++)
    measured.push({ without: await perSecond(without, people), beside: await perSecond(beside, people) });
  const of = (figure: (one: (typeof measured)[number]) => number) => Number(median(measured.map(figure)).toFixed(2));
  console.log(
    JSON.stringify({
      perSecond: { without: of((one) => one.without), withEvent: of((one) => one.beside) },
      share: of((one) => one.beside / one.without),
      events: receiver.events() - before,
    }),
  );
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  receiver.close();
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
}
