import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startPrivateDatabase } from "../src/db/private.ts";
import { rankScore } from "./rank-test.ts";
import { median } from "./rounds.ts";
import { freePort, type MeasuredServer, migrate, startOstiary, writeConfig } from "./servers.ts";

/*
 * `node bench/code-timing.ts`: how long answers take that must not say whether
 * anybody has an address: requests for codes of every flow, wrong codes, and the
 * first step of a sign-in that asks who it is. Known and unknown addresses take
 * turns, so that what else the machine does meets both alike. The result is a line
 * of JSON: for each way the two medians, in milliseconds, and the rank statistic.
 */

const { values } = parseArgs({ options: { samples: { type: "string", default: "100" } } });
const samples = Number(values.samples);
/** Enough for the floor to be learned. */
const warmUps = 15;
const peopleOfAWay = 8;
const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-timing-"));
const silentLog = { info: () => undefined, error: (_: object, what: string) => console.error(what) };

const email = {
  type: "string",
  format: "email",
  "ory.sh/kratos": {
    credentials: { password: { identifier: true }, code: { identifier: true, via: "email" } },
    verification: { via: "email" },
    recovery: { via: "email" },
  },
};
const schema = {
  $id: "https://bench.example/person",
  type: "object",
  properties: { traits: { type: "object", properties: { email }, required: ["email"] } },
};

const start = async (dsn: string, style: "unified" | "identifier_first") => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const options = { hash: "default" } as const;
  const config = JSON.parse(readFileSync(writeConfig(folder, { dsn, port, adminPort, options }), "utf8"));
  config.security = { account_enumeration: { mitigate: true } };
  config.selfservice.methods.code = { enabled: true, passwordless_enabled: true };
  config.selfservice.flows.login.style = style;
  config.selfservice.flows.recovery = { enabled: true, use: "code", notify_unknown_recipients: true };
  config.selfservice.flows.verification = { enabled: true, use: "code", notify_unknown_recipients: true };
  const url = `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}`;
  config.identity = { default_schema_id: "person", schemas: [{ id: "person", url }] };
  const none = 1_000_000;
  config.limits.messages = { per_network: none, per_identity: none, per_address: none, per_device: none };
  config.limits.codes = { per_address: none, per_identity: none, per_device: none };
  config.limits.flows = { per_network: none };
  const file = path.join(folder, `node-${port}.json`);
  writeFileSync(file, JSON.stringify(config));
  return { server: await startOstiary(file, port, undefined), adminUrl: `http://127.0.0.1:${adminPort}` };
};

const call = async (url: string, body?: object): Promise<{ readonly status: number; readonly id: string }> => {
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as { readonly id?: string };
  return { status: response.status, id: String(answer.id) };
};

/** One way to ask about an address: what is submitted before the time is taken, and what is timed. */
interface Way {
  readonly flow: "login" | "registration" | "recovery" | "verification";
  readonly before?: (address: string) => object;
  readonly timed: (address: string) => object;
  readonly style?: "identifier_first";
}

const wrong = "000000";
const ways: Readonly<Record<string, Way>> = {
  "login, a code is asked for": { flow: "login", timed: (identifier) => ({ method: "code", identifier }) },
  "login, a wrong code": {
    flow: "login",
    before: (identifier) => ({ method: "code", identifier }),
    timed: (identifier) => ({ method: "code", identifier, code: wrong }),
  },
  "login, who it is": {
    flow: "login",
    style: "identifier_first",
    timed: (identifier) => ({ method: "identifier_first", identifier }),
  },
  "registration, a code is asked for": {
    flow: "registration",
    timed: (address) => ({ method: "code", traits: { email: address } }),
  },
  "recovery, a code is asked for": { flow: "recovery", timed: (address) => ({ method: "code", email: address }) },
  "recovery, a wrong code": {
    flow: "recovery",
    before: (address) => ({ method: "code", email: address }),
    timed: () => ({ method: "code", code: wrong }),
  },
  "verification, a code is asked for": {
    flow: "verification",
    timed: (address) => ({ method: "code", email: address }),
  },
  "verification, a wrong code": {
    flow: "verification",
    before: (address) => ({ method: "code", email: address }),
    timed: () => ({ method: "code", code: wrong }),
  },
};

const timeOf = async (baseUrl: string, { flow, before, timed }: Way, address: string): Promise<number> => {
  const { id } = await call(`${baseUrl}/self-service/${flow}/api`);
  const url = `${baseUrl}/self-service/${flow}?flow=${id}`;
  if (before) await call(url, before(address));
  const began = performance.now();
  const { status } = await call(url, timed(address));
  const took = performance.now() - began;
  if (status >= 429) throw new Error(`${flow} answered ${status}`);
  return took;
};

const database = await startPrivateDatabase({
  dataDir: path.join(folder, "database"),
  engine: undefined,
  log: silentLog,
});
const servers: MeasuredServer[] = [];
try {
  const [port, adminPort] = [await freePort(), await freePort()];
  await migrate(writeConfig(folder, { dsn: database.dsn, port, adminPort, options: { hash: "default" } }));
  const { server: unified, adminUrl } = await start(database.dsn, "unified");
  servers.push(unified);
  const { server: inSteps } = await start(database.dsn, "identifier_first");
  servers.push(inSteps);
  const results: { name: string; samples: number; known: number; unknown: number; z: number }[] = [];
  for (const [name, way] of Object.entries(ways)) {
    const { baseUrl } = way.style === undefined ? unified : inSteps;
    const addresses = Array.from(
      { length: peopleOfAWay },
      (_, n) => `${name.replaceAll(/\W+/g, "-")}-${n}@bench.example`,
    );
    for (const address of addresses)
      await call(`${adminUrl}/admin/identities`, { schema_id: "person", traits: { email: address } });
    // What teaches this node how long a message takes.
    for (let n = 0; n < warmUps; n++)
      await timeOf(
        baseUrl,
        { flow: "recovery", timed: ways["recovery, a code is asked for"]?.timed ?? (() => ({})) },
        addresses[0] ?? "",
      );
    const times: Record<"known" | "unknown", number[]> = { known: [], unknown: [] };
    for (let n = 0; n < samples; n++) {
      const kinds = Math.random() < 0.5 ? (["known", "unknown"] as const) : (["unknown", "known"] as const);
      for (const kind of kinds) {
        const address = kind === "known" ? (addresses[n % addresses.length] ?? "") : `nobody-${n}-${addresses[0]}`;
        times[kind].push(await timeOf(baseUrl, way, address));
      }
    }
    const z = rankScore(times.known, times.unknown);
    results.push({ name, samples, known: median(times.known), unknown: median(times.unknown), z });
  }
  console.log(JSON.stringify({ ways: results, worst: Math.max(...results.map(({ z }) => Math.abs(z))) }));
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
}
