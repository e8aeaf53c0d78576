import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Connection, createConnection } from "mysql2/promise";
import { startPrivateDatabase } from "../src/db/private.ts";
import { generatedPassword } from "../test/move-in/generate-people.ts";
import { freePort, type MeasuredServer, migrate, startOstiary, writeConfig } from "./servers.ts";
import { cpuOf, residentMb } from "./watch.ts";

/*
 * `node bench/import.ts --people 1000000`: how long `ostiary identities import` takes for so many people with hashed
 * passwords and, every fourth, an account at a provider, on a real server with a database of its own. It is
 * interrupted in the middle and goes on, by Ctrl-C or with `--kill` by SIGKILL; with `--again` the whole file is
 * imported once more, which makes nobody. Memory of client and server is sampled: `peakMb` has the most of each tenth
 * of the work. Samples sign in. The result is a line of JSON.
 *
 * Exit codes: 0 everybody is there once; 1 otherwise. Speed and memory do not count: `goals` says how they stand.
 */

const { values } = parseArgs({
  options: {
    people: { type: "string", default: "20000" },
    samples: { type: "string", default: "16" },
    kill: { type: "boolean", default: false },
    again: { type: "boolean", default: false },
  },
});
const [people, samples] = [Number(values.people), Number(values.samples)];

/** People a second at least, and how much more than in its second tenth a process may need later. */
const goals = { perSecond: 1_500, growth: 1.25 };
const tenths = 10;
const sampleMs = 100;
/** Of `generatedPassword`. */
const hash = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq";

const say = (what: string): void => console.error(what);
const root = path.resolve(import.meta.dirname, "..");
const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-import-"));
const file = path.join(folder, "people.ndjson");
const silentLog = { info: () => undefined, warn: () => undefined, error: (_: object, what: string) => say(what) };

const emailOf = (n: number): string => `person.${n}@example.com`;
const hasLink = (n: number): boolean => n % 4 === 0;
const lineOf = (n: number): string => {
  const email = emailOf(n);
  const oidc = hasLink(n) && { oidc: { config: { providers: [{ provider: "github", subject: `subject-${n}` }] } } };
  return `${JSON.stringify({
    traits: { email, name: { first: `First ${n}`, last: `Last ${n}` } },
    credentials: { password: { config: { hashed_password: hash } }, ...oidc },
    verifiable_addresses: [
      { value: email, via: "email", verified: n % 2 === 0, status: n % 2 === 0 ? "completed" : "pending" },
    ],
    metadata_admin: { number: n },
  })}\n`;
};

/** In pieces of a thousand: a stream of single lines takes longer than what it is for. */
function* lines(): Generator<string> {
  for (let from = 0; from < people; from += 1_000)
    yield Array.from({ length: Math.min(1_000, people - from) }, (_, at) => lineOf(from + at)).join("");
}

/** Lines that are done, as the file beside the one that is imported says; 0 where there is none. */
const linesDone = (): number => {
  try {
    return (JSON.parse(readFileSync(`${file}.progress`, "utf8")) as { readonly line: number }).line - 1;
  } catch {
    return 0;
  }
};

/** The most memory, in MB, of client and server in each tenth of the work. */
interface Peaks {
  readonly client: number[];
  readonly server: number[];
}
const newPeaks = (): Peaks => ({ client: [], server: [] });

interface Run {
  readonly seconds: number;
  readonly code: number | null;
  readonly counts: { readonly created: number; readonly existing: number; readonly failed: number } | undefined;
}

/** Runs the import, and ends it by a signal when so many lines are done. */
const runImport = async (
  adminPort: number,
  server: MeasuredServer,
  peaks: Peaks,
  stopAt = people + 1,
): Promise<Run> => {
  const began = performance.now();
  const child = spawn(path.join(root, "bin/ostiary"), ["identities", "import", file, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH, HOME: folder, OSTIARY_ADMIN_URL: `http://127.0.0.1:${adminPort}` },
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = once(child, "close");
  await watch(child, server, peaks, stopAt);
  const [code] = (await ended) as [number | null];
  const seconds = (performance.now() - began) / 1000;
  return { seconds, code, counts: output === "" ? undefined : (JSON.parse(output) as Run["counts"]) };
};

const watch = async (child: ChildProcess, server: MeasuredServer, peaks: Peaks, stopAt: number): Promise<void> => {
  let [done, isStopped] = [0, false];
  while (child.exitCode === null && child.signalCode === null) {
    // The file is gone once all is done.
    done = Math.max(done, linesDone());
    const tenth = Math.min(tenths - 1, Math.floor((done / people) * tenths));
    peaks.client[tenth] = Math.max(peaks.client[tenth] ?? 0, residentMb(child.pid ?? 0));
    peaks.server[tenth] = Math.max(peaks.server[tenth] ?? 0, residentMb(server.pid));
    if (done >= stopAt && !isStopped) {
      isStopped = true;
      child.kill(values.kill ? "SIGKILL" : "SIGINT");
    }
    await sleep(sampleMs);
  }
};

/** How much more memory was needed later than in the second tenth, when all is loaded. */
const growthOf = (peaks: readonly (number | undefined)[]): number => {
  const [, early = 0, ...later] = peaks.map((peak) => peak ?? 0);
  return early === 0 ? 1 : Math.max(early, ...later) / early;
};

const countAll = async (connection: Connection): Promise<Readonly<Record<string, number>>> => {
  const [rows] = await connection.query(
    `SELECT type AS name, COUNT(*) AS many FROM identity_credentials GROUP BY type
     UNION ALL SELECT 'people', COUNT(*) FROM identities
     UNION ALL SELECT CONCAT(type, ' identifiers'), COUNT(*) FROM identity_identifiers GROUP BY type
     UNION ALL SELECT CONCAT(purpose, ' addresses'), COUNT(*) FROM identity_addresses GROUP BY purpose`,
  );
  return Object.fromEntries((rows as { name: string; many: number }[]).map(({ name, many }) => [name, Number(many)]));
};

const expected = (): Readonly<Record<string, number>> => {
  const linked = Math.ceil(people / 4);
  return { people, password: people, "password identifiers": people, oidc: linked, "oidc identifiers": linked };
};

/** How many of the samples sign in. */
const trySamples = async (url: string): Promise<{ readonly tried: number; readonly signedIn: number }> => {
  const headers = { accept: "application/json", "content-type": "application/json" };
  let signedIn = 0;
  for (let at = 0; at < samples; at++) {
    const identifier = emailOf(Math.floor((people / samples) * at));
    const flow = (await (await fetch(`${url}/self-service/login/api`, { headers })).json()) as { id: string };
    const body = JSON.stringify({ method: "password", identifier, password: generatedPassword });
    const login = await fetch(`${url}/self-service/login?flow=${flow.id}`, { method: "POST", headers, body });
    if (login.status === 200) signedIn += 1;
  }
  return { tried: samples, signedIn };
};

const run = async (): Promise<boolean> => {
  say(`writing ${people} lines`);
  await pipeline(Readable.from(lines()), createWriteStream(file));
  const database = await startPrivateDatabase({
    dataDir: path.join(folder, "database"),
    engine: undefined,
    log: silentLog,
  });
  const connection = await createConnection({
    socketPath: database.socketPath,
    user: "root",
    database: /\/(\w+)\?/.exec(database.dsn)?.[1] ?? "",
  });
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = writeConfig(folder, { dsn: database.dsn, port, adminPort, options: { hash: "default" } });
  await migrate(config);
  const server = await startOstiary(config, port, undefined);
  try {
    const peaks = newPeaks();
    say("importing");
    const before = { server: cpuOf(server.pid), database: cpuOf(database.pid) };
    const interrupted = await runImport(adminPort, server, peaks, people / 2);
    const stoppedAt = linesDone();
    const rest = await runImport(adminPort, server, peaks);
    const cpuSeconds = {
      server: (cpuOf(server.pid) - before.server) / 1000,
      database: (cpuOf(database.pid) - before.database) / 1000,
    };
    const seconds = interrupted.seconds + rest.seconds;
    const again = values.again ? await runImport(adminPort, server, newPeaks()) : undefined;
    const found = await countAll(connection);
    const differ = Object.entries(expected()).filter(([name, many]) => found[name] !== many);
    const tried = await trySamples(server.baseUrl);
    const [perSecond, growth] = [people / seconds, { client: growthOf(peaks.client), server: growthOf(peaks.server) }];
    const result = {
      people,
      megabytes: statSync(file).size / 1e6,
      seconds,
      perSecond,
      interrupted: { by: values.kill ? "SIGKILL" : "SIGINT", afterLines: stoppedAt, code: interrupted.code },
      peakMb: { client: peaks.client.map(Math.round), server: peaks.server.map(Math.round) },
      growth,
      cpuSeconds,
      reported: rest.counts,
      again: again && { seconds: again.seconds, ...again.counts },
      counts: { agree: differ.length === 0, differ: differ.map(([name]) => name), found },
      samples: tried,
      goals: {
        perSecond: perSecond >= goals.perSecond,
        flat: Math.max(growth.client, growth.server) <= goals.growth,
      },
    };
    console.log(JSON.stringify(result));
    const { created = 0, existing = 0, failed = 0 } = rest.counts ?? {};
    const isWhole = rest.code === 0 && created + existing === people && failed === 0;
    const isSame = again === undefined || (again.counts?.existing === people && again.counts.created === 0);
    return isWhole && isSame && differ.length === 0 && tried.signedIn === tried.tried;
  } finally {
    await server.stop();
    await connection.end();
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

process.exitCode = (await run()) ? 0 : 1;
