import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { createDatabase } from "../src/db/pool.ts";
import { startPrivateDatabase } from "../src/db/private.ts";
import { registerPeople } from "./people.ts";
import { freePort, type MeasuredServer, migrate, startOstiary, writeConfig } from "./servers.ts";
import { cpuOf } from "./watch.ts";

/*
 * `node bench/guesses.ts`: many recovery flows for one address that somebody has,
 * with five guesses each at the code, in turns on two nodes. What one network may
 * cause is not limited, as if each flow came from another one. The result is a line
 * of JSON: how many guesses were compared with a code, what became of the others,
 * how many messages were sent, and what that cost.
 *
 * Exit codes: 0 no more guesses were compared, and no more messages sent, than one
 * address may have; 1 otherwise.
 */

const { values } = parseArgs({
  options: { flows: { type: "string", default: "10000" }, "at-once": { type: "string", default: "48" } },
});
const [flows, atOnce] = [Number(values.flows), Number(values["at-once"])];
const GUESSES = 5;
/** What the server allows by default, in an hour. */
const allowed = { guesses: 20, messages: 10 };

const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-guesses-"));
const silentLog = { info: () => undefined, error: (_: object, what: string) => console.error(what) };
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });

/** Sends a request; returns the status and the JSON of the answer. */
const send = (
  baseUrl: string,
  target: string,
  body?: object,
): Promise<{ readonly status: number; readonly answer: { readonly id?: string; readonly ui?: Ui } }> =>
  new Promise((resolve, reject) => {
    const sent = request(`${baseUrl}${target}`, {
      agent,
      method: body === undefined ? "GET" : "POST",
      headers: { accept: "application/json", "content-type": "application/json" },
    });
    sent.on("error", reject).on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject).on("end", () => {
        resolve({ status: response.statusCode ?? 0, answer: text.startsWith("{") ? JSON.parse(text) : {} });
      });
    });
    sent.end(body && JSON.stringify(body));
  });

interface Ui {
  readonly messages?: readonly { readonly id: number }[];
}

const startNode = async (dsn: string): Promise<MeasuredServer> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const written = writeConfig(folder, { dsn, port, adminPort, options: { hash: "default" } });
  const config = JSON.parse(readFileSync(written, "utf8"));
  config.selfservice.flows.recovery = { enabled: true, use: "code", lifespan: "24h" };
  config.limits.messages = { per_network: 1_000_000 };
  config.limits.flows = { window: "1s", per_network: 1_000_000 };
  const file = path.join(folder, `node-${port}.json`);
  writeFileSync(file, JSON.stringify(config));
  return startOstiary(file, port, undefined);
};

/** Makes one flow and guesses in it; `tally` counts what the guesses are answered. */
const guessInOne = async (
  nodes: readonly MeasuredServer[],
  email: string,
  n: number,
  tally: (answer: string) => void,
): Promise<void> => {
  const at = (turn: number) => nodes[(n + turn) % nodes.length]?.baseUrl ?? "";
  const { answer: flow } = await send(at(0), "/self-service/recovery/api");
  const target = `/self-service/recovery?flow=${flow.id}`;
  const asked = await send(at(1), target, { method: "code", email });
  if (asked.status !== 200) throw new Error(`a code was answered ${asked.status}`);
  for (let guess = 0; guess < GUESSES; guess++) {
    const code = String((n * GUESSES + guess) % 1_000_000).padStart(6, "0");
    const { status, answer } = await send(at(guess), target, { method: "code", code });
    tally([status, ...(answer.ui?.messages ?? []).map(({ id }) => id)].join(" "));
  }
};

const run = async (): Promise<boolean> => {
  const database = await startPrivateDatabase({
    dataDir: path.join(folder, "database"),
    engine: undefined,
    log: silentLog,
  });
  const nodes: MeasuredServer[] = [];
  const db = createDatabase({ dsn: database.dsn, poolSize: 1 });
  try {
    const [port, adminPort] = [await freePort(), await freePort()];
    await migrate(writeConfig(folder, { dsn: database.dsn, port, adminPort, options: { hash: "default" } }));
    while (nodes.length < 2) nodes.push(await startNode(database.dsn));
    const [person] = await registerPeople(nodes[0]?.baseUrl ?? "", 1, "owner");
    const answers: Record<string, number> = {};
    const cpu = () => [...nodes, database].map(({ pid }) => cpuOf(pid));
    const [began, before] = [performance.now(), cpu()];
    let next = 0;
    const work = async () => {
      while (next < flows)
        await guessInOne(nodes, person?.email ?? "", next++, (answer) => {
          answers[answer] = (answers[answer] ?? 0) + 1;
        });
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    const seconds = (performance.now() - began) / 1000;
    const spent = cpu().map((now, at) => now - (before[at] ?? 0));
    const rows = async (sql: string) => Number((await db.query<{ n: number | string }>(sql))[0]?.n ?? 0);
    const guesses = flows * GUESSES;
    const refused = answers["429"] ?? 0;
    const result = {
      flows,
      guesses,
      compared: guesses - refused,
      refused,
      answers,
      messages: await rows("SELECT COUNT(*) AS n FROM courier_messages"),
      counters: await rows("SELECT COUNT(*) AS n FROM attempts"),
      events: await rows("SELECT COUNT(*) AS n FROM security_events"),
      seconds: Number(seconds.toFixed(1)),
      guessesPerSecond: Math.round(guesses / seconds),
      // Of a flow: to make it, to ask for a code, and five guesses.
      serverCpuPerFlow: Number((((spent[0] ?? 0) + (spent[1] ?? 0)) / flows).toFixed(2)),
      databaseCpuPerFlow: Number(((spent[2] ?? 0) / flows).toFixed(2)),
    };
    console.log(JSON.stringify(result));
    return result.compared <= allowed.guesses && result.messages <= allowed.messages;
  } finally {
    agent.destroy();
    await db.close();
    await Promise.all(nodes.map((node) => node.stop()));
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

process.exitCode = (await run()) ? 0 : 1;
