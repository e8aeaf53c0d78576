import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { loadConfig } from "../src/config/load.ts";
import { type PrivateDatabase, startPrivateDatabase } from "../src/db/private.ts";
import { createAutocannon } from "./autocannon-process.ts";
import { type RequestName, requestNames } from "./goals.ts";
import { findProgram, type LoadGenerator } from "./load.ts";
import type { Options } from "./options.ts";
import { type Captured, capture, type Person, registerPeople } from "./people.ts";
import { requestSpecs } from "./requests.ts";
import { freePort, type MeasuredServer, migrate, startBare, startOstiary, writeConfig } from "./servers.ts";
import { createWatch, residentMb, type Watch } from "./watch.ts";
import { createWrk } from "./wrk.ts";

/** Everything a run stands on, up and warm. */
export interface World {
  readonly options: Options;
  readonly ostiary: MeasuredServer;
  readonly bare: MeasuredServer;
  /** The admin port of the server, without a slash at its end. */
  readonly adminUrl: string;
  /** Each side has its own people: what one changes, the other does not see. */
  readonly people: { readonly ostiary: readonly Person[]; readonly bare: readonly Person[] };
  readonly generator: LoadGenerator;
  /** Path of h2load, if it is there. */
  readonly h2load: string | undefined;
  readonly watch: Watch;
  /** Scratch folder. */
  readonly folder: string;
  readonly database: Pick<PrivateDatabase, "engine" | "version" | "pid" | "dsn" | "socketPath">;
  /** MB resident in the server before the first request: at its first start, and at one that finds compiled code. */
  readonly memoryAtRest: { readonly firstStart: number; readonly nextStart: number };
  close(): Promise<void>;
}

const settleMs = 2_000;

/** Starts database, servers and people of a run. `say` is told what goes on. */
export const createWorld = async (options: Options, say: (what: string) => void): Promise<World> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-bench-"));
  const end: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of end.toReversed()) await step();
    end.length = 0;
  };
  try {
    say("starting a private database");
    const database = await startPrivateDatabase({
      dataDir: path.join(folder, "database"),
      engine: options.engine,
      log: silentLog,
    });
    end.push(() => database.stop());
    const [port, adminPort, barePort] = [await freePort(), await freePort(), await freePort()];
    const configFile = writeConfig(folder, { dsn: database.dsn, port, adminPort, options });
    // As on a machine where it was never started: nothing compiled is kept yet.
    process.env.NODE_COMPILE_CACHE = path.join(folder, "compiled");
    await migrate(configFile);

    say("starting the server twice, to see its memory at rest");
    const first = await startOstiary(configFile, port, undefined);
    const firstStart = await atRest(first);
    await first.stop();
    const ostiary = await startOstiary(configFile, port, options.profile);
    end.push(() => ostiary.stop());
    const nextStart = await atRest(ostiary);

    say(`registering ${2 * options.people} people`);
    const all = await registerPeople(ostiary.baseUrl, 2 * options.people, "person");
    const people = { ostiary: all.slice(0, options.people), bare: all.slice(options.people) };

    say("capturing answers for the bare limit");
    const answers = await captureAnswers(ostiary.baseUrl, await registerPeople(ostiary.baseUrl, 1, "captured"));
    const { config } = loadConfig({ files: [configFile], env: {} });
    const bare = await startBare(
      folder,
      barePort,
      { dsn: database.dsn, poolSize: config.database.pool_size, port: barePort, hashers: config.hashers, answers },
      options.profile,
    );
    end.push(() => bare.stop());
    const watch = await createWatch(database.socketPath, database.pid);
    end.push(() => watch.close());
    return {
      ...{ options, ostiary, bare, people, watch, folder, close },
      adminUrl: `http://127.0.0.1:${adminPort}`,
      generator: chooseGenerator(options, folder),
      h2load: findProgram("h2load"),
      database,
      memoryAtRest: { firstStart, nextStart },
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const silentLog = { info: () => undefined, error: (_: object, message: string) => console.error(message) };

const atRest = async ({ pid }: MeasuredServer): Promise<number> => {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  return residentMb(pid);
};

const captureAnswers = async (baseUrl: string, people: readonly Person[]): Promise<Record<RequestName, Captured>> => {
  const [person] = people;
  if (person === undefined) throw new Error("nobody to capture answers with");
  const answers: Partial<Record<RequestName, Captured>> = {};
  for (const name of requestNames) {
    const { shot, status } = requestSpecs[name];
    const answer = await capture(baseUrl, shot(person, 0, "capture"));
    if (answer.status !== status)
      throw new Error(`${name} answered ${answer.status} instead of ${status}: ${answer.body.slice(0, 300)}`);
    answers[name] = answer;
  }
  return answers as Record<RequestName, Captured>;
};

const chooseGenerator = ({ generator }: Options, folder: string): LoadGenerator => {
  const wrk = findProgram("wrk");
  if (generator === "wrk" && wrk === undefined) throw new Error("wrk was not found: apt-get install wrk");
  return wrk === undefined || generator === "autocannon" ? createAutocannon(folder) : createWrk(wrk, folder);
};
