import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BarePlan } from "./bare.ts";
import type { Options } from "./options.ts";

/** A server under measurement: a process of its own. */
export interface MeasuredServer {
  readonly name: "ostiary" | "bare";
  readonly baseUrl: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, "..");
/** Those of bin/ostiary. */
const nodeFlags = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"];
/** Milliseconds: a machine with other work may need long. */
const startLimit = 90_000;

/** How the hashes of a run are made, for both sides: the keys of `hashers.argon2`. */
export const argon2Of = ({ hash }: Pick<Options, "hash">): Readonly<Record<string, string | number>> =>
  hash === "reference" ? { memory: "16MB", iterations: 1, parallelism: 1 } : {};

/**
 * Writes the configuration of a run and returns the file's path. Lifespans outlast any run; nobody on the network is
 * asked.
 */
export const writeConfig = (folder: string, { dsn, port, adminPort, options }: ConfigChoices): string => {
  const file = path.join(folder, "ostiary.json");
  const config = {
    dsn,
    serve: {
      public: { host: "127.0.0.1", port, base_url: `http://127.0.0.1:${port}/` },
      admin: { host: "127.0.0.1", port: adminPort },
    },
    selfservice: {
      default_browser_return_url: `http://127.0.0.1:${port}/`,
      methods: { password: { config: { haveibeenpwned_enabled: false } } },
      flows: {
        settings: { lifespan: "24h", privileged_session_max_age: "24h" },
        login: { lifespan: "24h" },
        registration: { after: { password: { hooks: [{ hook: "session" }] } } },
      },
    },
    hashers: { argon2: argon2Of(options) },
    // All the load comes from one network.
    limits: {
      login: { per_identifier: 1_000_000, per_network: 1_000_000 },
      registration: { per_network: 1_000_000 },
    },
    secrets: { cookie: ["a secret for measuring"], cipher: ["thirty-two bytes, and no secret!"] },
    log: { level: "info", format: "json" },
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
};

interface ConfigChoices {
  readonly dsn: string;
  readonly port: number;
  readonly adminPort: number;
  readonly options: Pick<Options, "hash">;
}

/** Runs `ostiary migrate`. */
export const migrate = async (configFile: string): Promise<void> => {
  const child = spawn(path.join(root, "bin/ostiary"), ["migrate", "-c", configFile], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error("ostiary migrate failed");
};

/** Starts the server as its users do, through bin/ostiary. Its log is written and thrown away. */
export const startOstiary = async (
  configFile: string,
  port: number,
  profile: string | undefined,
): Promise<MeasuredServer> => {
  const child = launch(path.join(root, "bin/ostiary"), ["serve", "-c", configFile, "--dev"], profile, "ostiary");
  return supervise("ostiary", child, port);
};

/** Starts the server without what limits write. */
export const startWithoutLimits = async (configFile: string, port: number): Promise<MeasuredServer> => {
  const program = path.join(root, "bench/without-limits.ts");
  const child = launch(process.execPath, [...nodeFlags, program, configFile], undefined, "ostiary");
  return supervise("ostiary", child, port);
};

/** Starts the bare limit with the same flags of Node. */
export const startBare = async (
  folder: string,
  port: number,
  plan: BarePlan,
  profile: string | undefined,
): Promise<MeasuredServer> => {
  const file = path.join(folder, "bare.json");
  writeFileSync(file, JSON.stringify(plan));
  const child = launch(process.execPath, [...nodeFlags, path.join(root, "bench/bare.ts"), file], profile, "bare");
  return supervise("bare", child, port);
};

const launch = (program: string, args: readonly string[], profile: string | undefined, name: string): ChildProcess => {
  const flags = profile === undefined ? "" : `--cpu-prof --cpu-prof-dir=${path.resolve(profile, name)}`;
  if (profile !== undefined) mkdirSync(path.resolve(profile, name), { recursive: true });
  return spawn(program, args, {
    // The log goes where it costs the disk nothing.
    stdio: ["ignore", openSync("/dev/null", "w"), "inherit"],
    env: {
      ...process.env,
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} ${flags}`.trim(),
      UV_THREADPOOL_SIZE: String(navigator.hardwareConcurrency + 4),
    },
  });
};

const supervise = async (name: MeasuredServer["name"], child: ChildProcess, port: number): Promise<MeasuredServer> => {
  const baseUrl = `http://127.0.0.1:${port}`;
  let over = false;
  const end = once(child, "exit").then(() => {
    over = true;
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  for (const limit = Date.now() + startLimit; !(await answers(baseUrl)); await sleep(20)) {
    if (over || Date.now() > limit) {
      child.kill("SIGKILL");
      throw new Error(`${name} did not come up`);
    }
  }
  return {
    name,
    baseUrl,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill("SIGTERM");
      const forced = setTimeout(kill, 10_000);
      await end;
      clearTimeout(forced);
      process.removeListener("exit", kill);
    },
  };
};

const answers = async (baseUrl: string): Promise<boolean> => {
  try {
    await (await fetch(`${baseUrl}/sessions/whoami`)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
};

/** A port that nobody listens on now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
};
