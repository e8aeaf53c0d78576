import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "../clients/toolchains.ts";
import { freePort } from "../protocols/free-port.ts";

/** An example that runs. */
export interface RunningExample {
  readonly url: string;
  stop(): Promise<void>;
}

const timeout = 60_000;

/**
 * Starts an example by the one command of its README, `npm start`, against a
 * server, and waits until it answers.
 *
 * @param ostiary URL of the server
 * @param env more of the environment; `PORT`, where the test chose one
 */
export const startExample = async (
  name: string,
  ostiary: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningExample> => {
  const folder = path.join(root, "examples", name);
  const { scripts } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as {
    readonly scripts: { readonly start: string };
  };
  const port = env.PORT ?? (await freePort());
  // As npm runs it: with the programs of the packages in reach.
  const [program = "", ...args] = scripts.start.split(" ");
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...env, OSTIARY_URL: ostiary, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => output.push(String(chunk)));
  const ended = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + timeout;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${output.join("")}`);
    if (await answers(url)) break;
    if (Date.now() > deadline) {
      child.kill();
      throw new Error(`${name} does not answer: ${output.join("")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
};

const answers = async (url: string): Promise<boolean> => {
  try {
    await fetch(url, { redirect: "manual" });
    return true;
  } catch {
    return false;
  }
};
