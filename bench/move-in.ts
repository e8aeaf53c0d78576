import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Connection, createConnection } from "mysql2/promise";
import { startPrivateDatabase } from "../src/db/private.ts";
import {
  generatedCipher,
  generatedPassword,
  generatedPerson,
  generatePeople,
} from "../test/move-in/generate-people.ts";
import { freePort, migrate, startOstiary, writeConfig } from "./servers.ts";
import { sizeDatabase, writeBack } from "./size-database.ts";

/*
 * `node bench/move-in.ts`: how long it takes until so many people of all kinds have moved from a database with the
 * tables of Ory Kratos to an empty one on the same server; with `--kill`, the move is killed in the middle and run
 * again. With `--folder`, people who were made there before are moved again, and stay there. Counts per kind are
 * compared, samples sign in and their sessions go on, and a run after it must change nothing. The result is a line of
 * JSON.
 *
 * Exit codes: 0 everybody came along; 1 otherwise.
 */

const { values } = parseArgs({
  options: {
    people: { type: "string", default: "100000" },
    samples: { type: "string", default: "24" },
    workers: { type: "string", default: "4" },
    kill: { type: "boolean", default: false },
    folder: { type: "string" },
  },
});
const [people, samples] = [Number(values.people), Number(values.samples)];

const say = (what: string): void => console.error(what);
const root = path.resolve(import.meta.dirname, "..");
const folder = values.folder ?? mkdtempSync(path.join(os.tmpdir(), "ostiary-move-in-"));
const silentLog = { info: () => undefined, warn: () => undefined, error: (_: object, what: string) => say(what) };

/** The public key of the recorded rows: that keys are different does not matter here. */
const publicKey = (): string => {
  const rows = readFileSync(path.join(root, "test/move-in/kratos/rows/identity_credentials.ndjson"), "utf8");
  return /\\"public_key\\": \\"([^\\]+)\\"/.exec(rows)?.[1] ?? "";
};

interface Run {
  readonly seconds: number;
  readonly peakMb: number;
  /** Of the move itself, in seconds of processor time. */
  readonly cpu: number;
  readonly report: Readonly<Record<string, unknown>> | undefined;
}

/** Runs the move; ends it when `until` says so. */
const moveIn = async (config: string, from: string, until?: () => Promise<boolean>): Promise<Run> => {
  const began = performance.now();
  const child = spawn(
    path.join(root, "bin/ostiary"),
    ["move-in", "-c", config, "--json", "--workers", values.workers],
    { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, OSTIARY_MOVE_IN_FROM: from } },
  );
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = once(child, "exit");
  const { peakMb, cpu } = await watch(child, until);
  await ended;
  const seconds = (performance.now() - began) / 1000;
  return { seconds, peakMb, cpu, report: output === "" ? undefined : (JSON.parse(output) as Run["report"]) };
};

/** Seconds of processor time that a process took; a tick is a hundredth. */
const cpuOf = (pid: number | undefined): number => {
  const [user = 0, system = 0] =
    readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ").slice(11, 13).map(Number) ?? [];
  return (user + system) / 100;
};

/** Returns the most memory that it had, and the processor time that it took. */
const watch = async (
  child: ChildProcess,
  until: (() => Promise<boolean>) | undefined,
): Promise<{ readonly peakMb: number; readonly cpu: number }> => {
  let [peakMb, cpu] = [0, 0];
  while (child.exitCode === null && child.signalCode === null) {
    await sleep(200);
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      cpu = cpuOf(child.pid);
      peakMb = Math.max(peakMb, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      break;
    }
    if (until !== undefined && (await until())) {
      child.kill("SIGKILL");
      break;
    }
  }
  return { peakMb, cpu };
};

const count = async (connection: Connection, sql: string): Promise<Readonly<Record<string, number>>> => {
  const [rows] = await connection.query(sql);
  return Object.fromEntries((rows as { name: string; many: number }[]).map(({ name, many }) => [name, Number(many)]));
};

/** Credentials by kind, people, sessions and addresses by state, on both sides. */
const compare = async (there: Connection, here: Connection): Promise<Readonly<Record<string, unknown>>> => {
  const [theirs, ours] = await Promise.all([
    count(
      there,
      `SELECT t.name, COUNT(*) AS many FROM identity_credentials c JOIN identity_credential_types t
        ON t.id = c.identity_credential_type_id
        WHERE JSON_LENGTH(c.config) > 0 GROUP BY t.name
       UNION ALL SELECT 'people', COUNT(*) FROM identities UNION ALL SELECT 'sessions', COUNT(*) FROM sessions
       UNION ALL SELECT status, COUNT(*) FROM identity_verifiable_addresses GROUP BY status`,
    ),
    count(
      here,
      `SELECT type AS name, COUNT(*) AS many FROM identity_credentials GROUP BY type
       UNION ALL SELECT 'people', COUNT(*) FROM identities UNION ALL SELECT 'sessions', COUNT(*) FROM sessions
       UNION ALL SELECT JSON_UNQUOTE(JSON_EXTRACT(addresses, '$.verifiable[0].status')) AS s, COUNT(*)
       FROM identities GROUP BY s`,
    ),
  ]);
  const differ = Object.keys({ ...theirs, ...ours }).filter((name) => theirs[name] !== ours[name]);
  return { agree: differ.length === 0, differ, ours };
};

/** How many of the samples could sign in, and whose session goes on. */
const trySamples = async (there: Connection, url: string) => {
  let [signedIn, goesOn, tried] = [0, 0, 0];
  for (let at = 0; at < samples; at++) {
    const n = Math.floor((people / samples) * at);
    // Providers and those who are disabled have no password to sign in with.
    if ([2, 7].includes(n % 8)) continue;
    tried += 1;
    const person = await generatedPerson(there, n);
    const headers = { accept: "application/json", "content-type": "application/json" };
    const whoami = await fetch(`${url}/sessions/whoami`, { headers: { ...headers, "x-session-token": person.token } });
    // 403: the session is live, and a second factor is asked for.
    if (whoami.status === 200 || whoami.status === 403) goesOn += 1;
    const flow = (await (await fetch(`${url}/self-service/login/api`, { headers })).json()) as { id: string };
    const body = JSON.stringify({ method: "password", identifier: person.email, password: generatedPassword });
    const login = await fetch(`${url}/self-service/login?flow=${flow.id}`, { method: "POST", headers, body });
    if (login.status === 200) signedIn += 1;
  }
  return { tried, signedIn, goesOn };
};

/** How many people were made before; 0 in a new database. */
const peopleOf = async (there: Connection): Promise<number> => {
  const [tables] = await there.query("SHOW TABLES LIKE 'identities'");
  if ((tables as unknown[]).length === 0) return 0;
  return (await count(there, "SELECT 'people' AS name, COUNT(*) AS many FROM identities")).people ?? 0;
};

const run = async (): Promise<boolean> => {
  const database = await startPrivateDatabase({
    dataDir: path.join(folder, "database"),
    engine: undefined,
    log: silentLog,
  });
  const connect = (name: string) => createConnection({ socketPath: database.socketPath, user: "root", database: name });
  const from = database.dsn.replace(/\/\w+\?/, "/kratos?");
  const name = /\/(\w+)\?/.exec(database.dsn)?.[1] ?? "";
  const here = await connect(name);
  await here.query(`DROP DATABASE ${name}`);
  await here.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await here.query(`USE ${name}`);
  await here.query("CREATE DATABASE IF NOT EXISTS kratos CHARACTER SET utf8mb4");
  const there = await connect("kratos");
  // The rows of both sides.
  const bufferPoolMb = await sizeDatabase(database.socketPath, 2 * people);
  try {
    if ((await peopleOf(there)) !== people) {
      say(`making ${people} people`);
      await generatePeople(there, people, { publicKey: publicKey() });
    }
    await writeBack(database.socketPath);
    const [port, adminPort] = [await freePort(), await freePort()];
    const written = writeConfig(folder, { dsn: database.dsn, port, adminPort, options: { hash: "default" } });
    const schema = `file://${path.join(root, "test/move-in/kratos/identity.schema.json")}`;
    const config = JSON.parse(readFileSync(written, "utf8")) as Record<string, unknown>;
    const identity = { default_schema_id: "default", schemas: [{ id: "default", url: schema }] };
    writeFileSync(
      written,
      JSON.stringify({ ...config, identity, secrets: { ...(config.secrets as object), cipher: [generatedCipher] } }),
    );
    await migrate(written);
    say("moving");
    const half = async () =>
      ((await count(here, "SELECT 'marks' AS name, COUNT(*) AS many FROM moved_identities")).marks ?? 0) > people / 2;
    const killed = values.kill ? await moveIn(written, from, half) : undefined;
    const cpuBefore = cpuOf(database.pid);
    const moved = await moveIn(written, from);
    const databaseCpu = cpuOf(database.pid) - cpuBefore;
    say(
      `moved in ${Math.round(moved.seconds)} s, ${moved.cpu} s of processor time and ${databaseCpu} s of the ` +
        "database; again",
    );
    const again = await moveIn(written, from);
    const counts = await compare(there, here);
    const server = await startOstiary(written, port, undefined);
    const tried = await trySamples(there, server.baseUrl).finally(() => server.stop());
    const seconds = moved.seconds + (killed?.seconds ?? 0);
    const result = {
      people,
      bufferPoolMb,
      seconds,
      peoplePerSecond: people / seconds,
      peakMb: Math.max(moved.peakMb, killed?.peakMb ?? 0),
      cpuSeconds: { move: moved.cpu, database: databaseCpu },
      killedAfter: killed?.seconds,
      refused: moved.report?.refused,
      again: { seconds: again.seconds, changed: again.report?.changed, unchanged: again.report?.unchanged },
      counts,
      samples: tried,
    };
    console.log(JSON.stringify(result));
    const isSame = again.report?.unchanged === people && again.report.changed === 0;
    return counts.agree === true && isSame && tried.signedIn === tried.tried && tried.goesOn === tried.tried;
  } finally {
    await Promise.all([here.end(), there.end()]);
    await database.stop();
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
};

process.exitCode = (await run()) ? 0 : 1;
