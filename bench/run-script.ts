import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** Runs a script of this folder with options, and reads the line of JSON that it ends with. */
export const runScript = async <T>(script: string, values: Readonly<Record<string, number>>): Promise<T> => {
  const args = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [path.join(import.meta.dirname, script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [code] = (await once(child, "close")) as [number | null];
  const line = text.trim().split("\n").at(-1) ?? "";
  if (line === "") throw new Error(`${script} ended with ${code}`);
  return JSON.parse(line) as T;
};
