import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPrivateDatabase } from "../src/db/private.ts";

/*
 * `make golden`: serves with the configuration that the golden exchanges were
 * recorded with, on a new database (or the one that DSN names), and replays
 * them. Arguments go on to the replaying tool: `node scripts/golden.ts --only 'login/*'`.
 */

const root = path.resolve(import.meta.dirname, "..");
const shared = path.resolve(root, "../shared/golden");
const config = path.join(shared, "kratos.yml");
const accepted = path.join(root, "test/golden/accepted.json");
const dataDir = path.join(root, ".data/golden");
const serverLog = path.join(root, ".data/golden.log");

/** Exit code of a program; our own output is its. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(program, args, { stdio: "inherit", env });
  return endOf(child);
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** The recorded answers are full of these ports; another server there would be taken for ours. */
async function mustBeFree(port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", () => reject(new Error(`port ${port} is in use; end what uses it first`)));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
}

/** Serves until `stop`; throws if it ends before it is ready. */
async function serve(env: NodeJS.ProcessEnv): Promise<{ stop(): Promise<void> }> {
  const output = openSync(serverLog, "w");
  const child = spawn(path.join(root, "bin/ostiary"), ["serve", "-c", config, "--dev"], {
    stdio: ["ignore", output, output],
    env,
  });
  const end = endOf(child);
  const stop = async () => {
    child.kill("SIGTERM");
    await end;
  };
  for (const limit = Date.now() + 15_000; Date.now() < limit; await sleep(50)) {
    if (child.exitCode !== null) break;
    const answer = await fetch("http://127.0.0.1:4434/health/ready").catch(() => undefined);
    if (answer?.ok) return { stop };
  }
  await stop();
  throw new Error(`the server did not become ready:\n${readFileSync(serverLog, "utf8")}`);
}

async function replay(dsn: string): Promise<number> {
  const env = { ...process.env, DSN: dsn };
  const migrated = await run(path.join(root, "bin/ostiary"), ["migrate", "-c", config], env);
  if (migrated !== 0) return migrated;
  const server = await serve(env);
  try {
    const accept = existsSync(accepted) ? ["--accept", accepted] : [];
    return await run(
      process.execPath,
      [
        path.join(shared, "replay.mjs"),
        "--groups",
        "default,profile,password,oidc",
        ...accept,
        ...process.argv.slice(2),
      ],
      process.env,
    );
  } finally {
    await server.stop();
  }
}

/** On the database of DSN, or on a new one of our own. */
async function main(): Promise<number> {
  if (!existsSync(config))
    throw new Error(`the golden exchanges are not part of this repository; they were looked for in ${shared}`);
  for (const port of [4433, 4434]) await mustBeFree(port);
  if (process.env.DSN) return replay(process.env.DSN);
  rmSync(dataDir, { recursive: true, force: true });
  const database = await startPrivateDatabase({
    dataDir,
    log: { info: () => undefined, error: (_, message) => console.error(message) },
  });
  try {
    return await replay(database.dsn);
  } finally {
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

process.on("SIGINT", () => undefined); // the server and the tool get it as well; what they leave is cleared up
try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
