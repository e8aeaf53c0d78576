import { parseArgs } from "node:util";
import { type Part, parts, requestNames } from "./goals.ts";

/** What a run measures, and how long. */
export interface Options {
  readonly parts: readonly Part[];
  /** Names of REST requests; all of them when nothing was said. */
  readonly requests: readonly string[];
  /** Seconds per point. */
  readonly duration: number;
  /** Seconds under load before the first point of a request. */
  readonly warm: number;
  /** How often each point is measured; medians are printed. */
  readonly rounds: number;
  readonly connections: number;
  /** People that the load is spread over, on each side. */
  readonly people: number;
  /** People of the part `identities`. */
  readonly many: number;
  readonly hash: "reference" | "default";
  readonly engine: "mariadb" | "mysql" | undefined;
  readonly generator: "wrk" | "autocannon" | undefined;
  /** Where the JSON goes. */
  readonly out: string;
  /** Folder for CPU profiles of both servers. */
  readonly profile: string | undefined;
}

export const help = `Measures requests side by side with the bare limit: a Fastify route that sends
the same statements to the same database, answers the same bytes, logs the same
line, and does the same hashes.

Usage: make bench
       node bench/main.ts [options]

  --parts LIST        of ${parts.join(", ")} (default: all)
  --requests LIST     of ${requestNames.join(", ")}
                      (default: all)
  --duration SECONDS  per point, 2
  --warm SECONDS      under load before the first point of a request, 6
  --rounds N          points per request and side, taken in turns, 3
  --connections N     requests at once, 32
  --people N          people the load is spread over, on each side, 128
  --many N            people of the part identities, made by SQL, 1000000
  --hash SET          argon2 like "reference" (16 MB x 1) or as is "default"
  --engine ENGINE     mariadb or mysql (default: what is found)
  --generator NAME    wrk or autocannon (default: wrk if it is there)
  --out FILE          JSON (default: bench/results/latest.json)
  --profile FOLDER    write CPU profiles of both servers there
  --quick             one round of one second
  -h, --help          this text

Server, database and load share this machine: figures of different machines, or
of a machine with other work, say little; the share of the bare limit says most.`;

/** A command line that was not understood; the message says what. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const listOf = <T extends string>(text: string | undefined, known: readonly T[], option: string): readonly T[] => {
  if (text === undefined) return known;
  return text.split(",").map((word) => {
    const found = known.find((name) => name === word.trim());
    if (found === undefined) throw new UsageError(`--${option}: ${word.trim()} is none of ${known.join(", ")}`);
    return found;
  });
};

const positive = (text: string, option: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--${option}: a number above zero is expected`);
  return value;
};

/** Reads the command line; undefined when it asks for help. @throws UsageError */
export const readOptions = (argv: readonly string[]): Options | undefined => {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help) return undefined;
  const one = <T extends string>(option: "hash" | "engine" | "generator", known: readonly T[]) => {
    const text = values[option];
    return text === undefined ? undefined : listOf(text, known, option)[0];
  };
  return {
    parts: listOf(values.parts, parts, "parts"),
    requests: listOf(values.requests, requestNames, "requests"),
    duration: positive(values.quick ? "1" : values.duration, "duration"),
    warm: positive(values.quick ? "1" : values.warm, "warm"),
    rounds: Math.ceil(positive(values.quick ? "1" : values.rounds, "rounds")),
    connections: Math.ceil(positive(values.connections, "connections")),
    people: Math.ceil(positive(values.people, "people")),
    many: Math.ceil(positive(values.many, "many")),
    hash: one("hash", ["reference", "default"]) ?? "reference",
    engine: one("engine", ["mariadb", "mysql"]),
    generator: one("generator", ["wrk", "autocannon"]),
    out: values.out,
    profile: values.profile,
  };
};

const parse = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      parts: { type: "string" },
      requests: { type: "string" },
      duration: { type: "string", default: "2" },
      warm: { type: "string", default: "6" },
      rounds: { type: "string", default: "3" },
      connections: { type: "string", default: "32" },
      people: { type: "string", default: "128" },
      many: { type: "string", default: "1000000" },
      hash: { type: "string" },
      engine: { type: "string" },
      generator: { type: "string" },
      out: { type: "string", default: new URL("results/latest.json", import.meta.url).pathname },
      profile: { type: "string" },
      quick: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  }).values;
