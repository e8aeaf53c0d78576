import { randomInt } from "node:crypto";
import argon2 from "argon2";
import bcrypt from "bcryptjs";
import { createDatabase } from "../src/db/pool.ts";
import type { Database } from "../src/db/sql.ts";
import { uuidBytes } from "../src/lib/ids.ts";
import { registerPeople } from "./people.ts";
import { runScript } from "./run-script.ts";
import type { World } from "./world.ts";

/** Whether time tells who has an account, and how their password is stored. Milliseconds. */
export interface TimingResult {
  readonly kinds: readonly {
    readonly name: string;
    readonly samples: number;
    readonly mean: number;
    readonly deviation: number;
  }[];
  /** Welch's two-sample statistic of each pair of kinds: beyond 3 in either direction, they differ. */
  readonly pairs: readonly { readonly one: string; readonly other: string; readonly z: number }[];
  /** The largest |z|. */
  readonly worst: number;
  readonly codes: CodeTiming;
}

/** What `code-timing.ts` says: whether time tells who has an address. Medians in milliseconds. */
interface CodeTiming {
  readonly ways: readonly {
    readonly name: string;
    readonly samples: number;
    readonly known: number;
    readonly unknown: number;
    /** Of the ranks: beyond 3 in either direction, they differ. */
    readonly z: number;
  }[];
  /** The largest |z|. */
  readonly worst: number;
}

/** For each second that a point takes: 200 of each kind in a usual run. */
const samplesPerSecond = 100;
const codeSamplesPerSecond = 20;
/** Enough for the floor to be learned, as it is on a server that has run for a while. */
const warmUps = 30;
/** Tries are spread over some people, as guesses are. */
const peopleOfAKind = 8;

type Make = () => Promise<string | undefined>;

/** How the people of each kind are stored; undefined: no password at all. */
const stored: Readonly<Record<string, Make | "as registered">> = {
  current: "as registered",
  bcrypt: () => bcrypt.hash("quite another secret", 12),
  "weak argon2": () =>
    argon2.hash("quite another secret", { type: argon2.argon2id, memoryCost: 4_096, timeCost: 1, parallelism: 1 }),
  "providers only": async () => undefined,
};

/** Measures failed sign-ins of every kind, one at a time and in random order, and compares each pair of kinds. */
export const measureTiming = async (
  { options, ostiary: { baseUrl }, database: { dsn } }: World,
  onKind: (what: string) => void,
): Promise<TimingResult> => {
  const db = createDatabase({ dsn, poolSize: 1 });
  const people = await createPeople(baseUrl, db).finally(() => db.close());
  const flow = await createFlow(baseUrl);
  const names = Object.keys(people);
  const times = Object.fromEntries(names.map((name): [string, number[]] => [name, []]));
  for (const [round, name] of order(names, warmUps + Math.ceil(options.duration * samplesPerSecond)).entries()) {
    const took = await failToSignIn(baseUrl, flow, people[name]?.(round) ?? "");
    if (round >= warmUps * names.length) times[name]?.push(took);
  }

  const kinds = names.map((name) => ({ name, ...describe(times[name] ?? []) }));
  for (const { name, mean, deviation } of kinds)
    onKind(`${name}: ${mean.toFixed(1)} ms, deviation ${deviation.toFixed(1)} ms`);
  const pairs = kinds.flatMap((one, at) =>
    kinds.slice(at + 1).map((other) => ({
      one: one.name,
      other: other.name,
      z: (one.mean - other.mean) / Math.sqrt(one.deviation ** 2 / one.samples + other.deviation ** 2 / other.samples),
    })),
  );
  const codes = await runScript<CodeTiming>("code-timing.ts", {
    samples: Math.ceil(options.duration * codeSamplesPerSecond),
  });
  for (const { name, known, unknown, z } of codes.ways)
    onKind(`${name}: ${known.toFixed(1)} ms known, ${unknown.toFixed(1)} ms unknown, z ${z.toFixed(1)}`);
  return { kinds, pairs, worst: Math.max(...pairs.map(({ z }) => Math.abs(z))), codes };
};

/** Returns for each kind the identifiers that are tried, by round. */
const createPeople = async (
  baseUrl: string,
  db: Database,
): Promise<Readonly<Record<string, (round: number) => string>>> => {
  const found: Record<string, (round: number) => string> = { unknown: (round) => `nobody${round}@bench.example` };
  for (const [name, make] of Object.entries(stored)) {
    const prefix = `timing-${name.replaceAll(" ", "-")}-`;
    const people = await registerPeople(baseUrl, peopleOfAKind, prefix);
    if (make !== "as registered") for (const { id } of people) await store(db, id, await make());
    found[name] = (round) => people[round % people.length]?.email ?? "";
  }
  return found;
};

const store = async (db: Database, id: string, hash: string | undefined): Promise<void> => {
  if (hash === undefined) await db.execute("DELETE FROM identity_credentials WHERE identity_id = ?", [uuidBytes(id)]);
  else
    await db.execute("UPDATE identity_credentials SET config = ? WHERE identity_id = ? AND type = 'password'", [
      JSON.stringify({ hashed_password: hash }),
      uuidBytes(id),
    ]);
};

const createFlow = async (baseUrl: string): Promise<string> => {
  const response = await fetch(`${baseUrl}/self-service/login/api`);
  return String(((await response.json()) as { readonly id: string }).id);
};

const failToSignIn = async (baseUrl: string, flow: string, identifier: string): Promise<number> => {
  const body = JSON.stringify({ method: "password", identifier, password: "not the password" });
  const started = performance.now();
  const response = await fetch(`${baseUrl}/self-service/login?flow=${flow}`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body,
  });
  await response.arrayBuffer();
  if (response.status !== 400) throw new Error(`a failed sign-in was answered ${response.status}`);
  return performance.now() - started;
};

/** Each name so many times, block by block in random order: what the machine does meanwhile meets all kinds alike. */
const order = (names: readonly string[], times: number): readonly string[] =>
  Array.from({ length: times }, () => shuffle(names)).flat();

const shuffle = <T>(items: readonly T[]): readonly T[] => {
  const left = [...items];
  return items.map(() => left.splice(randomInt(left.length), 1)[0] as T);
};

const describe = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { samples: values.length, mean, deviation: Math.sqrt(variance) };
};
