import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requestNames } from "./goals.ts";
import { type EventsResult, measureEvents } from "./measure-events.ts";
import { type FloodResult, measureFloods } from "./measure-floods.ts";
import { measureIdentities } from "./measure-identities.ts";
import { type InterferenceResult, measureInterference } from "./measure-interference.ts";
import { type LoginsResult, measureLogins } from "./measure-logins.ts";
import { type MailResult, measureMail } from "./measure-mail.ts";
import { measurePages } from "./measure-pages.ts";
import { measureProtocols, type ProtocolResult } from "./measure-protocols.ts";
import { measureRequest, type RequestResult } from "./measure-requests.ts";
import { measureTiming, type TimingResult } from "./measure-timing.ts";
import { help, type Options, readOptions, UsageError } from "./options.ts";
import { createShareOfOthers } from "./others.ts";
import { report } from "./report.ts";
import { describeConditions, judge, type Memory } from "./results.ts";
import type { Point } from "./rounds.ts";
import { residentMb } from "./watch.ts";
import { createWorld, type World } from "./world.ts";

/*
 * `make bench`: measures the server side by side with the bare limit, on one
 * real database, and holds both against the goals (goals.ts). This folder owns
 * load, counting and judging; it reaches the server only as its users do, and
 * takes from src/ what the bare limit must have in common with it: the pool,
 * the hasher, the log.
 *
 * Exit codes: 0 measured, whatever the figures; 1 it failed; 2 the command line
 * was not understood.
 */

/** Progress goes to standard error: results can be piped. */
const say = (what: string): void => console.error(what);

const run = async (options: Options): Promise<void> => {
  const world = await createWorld(options, say);
  const interrupted = () => void world.close().then(() => process.exit(1));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    const others = createShareOfOthers([world.ostiary.pid, world.bare.pid, world.database.pid]);
    const requests = await measureAllRequests(world);
    const protocols = await measureAllProtocols(world);
    const interference = await measureAnyInterference(world);
    const timing = await measureAnyTiming(world);
    const floods = await measureAllFloods(world);
    const pages = options.parts.includes("pages")
      ? await measurePages(world, (what) => say(`pages: ${what}`))
      : undefined;
    const mail = await measureAnyMail(world);
    const events = await measureAnyEvents(world);
    const logins = await measureAnyLogins(world);
    // The last: it leaves many people behind.
    const identities = options.parts.includes("identities")
      ? await measureIdentities(world, (what) => say(`identities: ${what}`))
      : undefined;
    const conditions = describeConditions(world, others());
    const memory = options.parts.includes("memory") ? await measureMemory(world, requests, protocols) : undefined;
    const measured = {
      memory,
      requests,
      protocols,
      interference,
      timing,
      floods,
      pages,
      mail,
      events,
      logins,
      identities,
    };
    const results = { conditions, ...measured, verdicts: judge(measured) };
    mkdirSync(path.dirname(path.resolve(options.out)), { recursive: true });
    writeFileSync(options.out, `${JSON.stringify(results, rounded, 2)}\n`);
    console.log(`\n${report(results)}`);
    say(`\nwritten: ${path.relative(process.cwd(), options.out)}`);
  } finally {
    await world.close();
  }
};

const measureAllRequests = async (world: World): Promise<readonly RequestResult[]> => {
  const { parts, requests: wanted } = world.options;
  if (!parts.includes("requests")) return [];
  const results: RequestResult[] = [];
  for (const name of requestNames.filter((one) => wanted.includes(one)))
    results.push(await measureRequest(world, name, progress(name)));
  return results;
};

const measureAllProtocols = async (world: World): Promise<readonly ProtocolResult[]> => {
  if (!world.options.parts.includes("protocols")) return [];
  const results: ProtocolResult[] = [];
  for (const name of ["whoami", "get"] as const)
    results.push(await measureProtocols(world, name, progress(`protocols: ${name}`)));
  return results;
};

const measureAnyInterference = async (world: World): Promise<InterferenceResult | undefined> =>
  world.options.parts.includes("interference")
    ? measureInterference(world, (what) => say(`interference: ${what}`))
    : undefined;

const measureAllFloods = async (world: World): Promise<readonly FloodResult[]> =>
  world.options.parts.includes("floods") ? measureFloods(world, (what) => say(`floods: ${what}`)) : [];

const measureAnyMail = async (world: World): Promise<MailResult | undefined> =>
  world.options.parts.includes("mail") ? measureMail(world.options, (what) => say(`mail: ${what}`)) : undefined;

const measureAnyEvents = async (world: World): Promise<EventsResult | undefined> =>
  world.options.parts.includes("events") ? measureEvents(world.options, (what) => say(`events: ${what}`)) : undefined;

const measureAnyLogins = async (world: World): Promise<LoginsResult | undefined> =>
  world.options.parts.includes("logins") ? measureLogins(world, (what) => say(`logins: ${what}`)) : undefined;

const measureAnyTiming = async (world: World): Promise<TimingResult | undefined> =>
  world.options.parts.includes("timing") ? measureTiming(world, (what) => say(`timing: ${what}`)) : undefined;

const progress =
  (what: string) =>
  (side: string, { perSecond, p99 }: Point): void =>
    say(`${what}: ${side} ${perSecond.toFixed(0)}/s, p99 ${p99.toFixed(1)} ms`);

const restAfterwards = 5_000;

const measureMemory = async (
  world: World,
  requests: readonly RequestResult[],
  protocols: readonly ProtocolResult[],
): Promise<Memory> => {
  await sleep(restAfterwards);
  const own = [
    ...requests.map(({ ostiary }) => ostiary),
    ...protocols.flatMap(({ rest, connect, grpc }) => [rest, connect, ...(grpc ? [grpc.grpc] : [])]),
  ];
  const most = (values: readonly number[]) => Math.max(0, ...values);
  return {
    ...world.memoryAtRest,
    underLoad: most(own.map(({ median: { memory } }) => memory.server)),
    hashingUnderLoad: most(own.map(({ median: { memory } }) => memory.hashing)),
    bareUnderLoad: most(requests.map(({ bare }) => bare.median.memory.server)),
    afterwards: residentMb(world.ostiary.pid),
  };
};

/** Three digits behind the point are more than enough in JSON. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === "number" ? Math.round(value * 1000) / 1000 : value;

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(help);
  else await run(options);
} catch (error) {
  console.error(error instanceof UsageError ? `bench: ${error.message}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
