import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { inTurn, python, root, toolOptions } from "../clients/toolchains.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* examples/go, examples/python and examples/java: each by its one command, with a session that gets too old. */

/** Runs an example; before the protected change it waits until the session is too old for it. */
const walk = async (
  { clock }: TestServer,
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string[]> => {
  const folder = path.join(root, "examples", name);
  // The client is generated from the protos as they are.
  rmSync(path.join(folder, "gen"), { recursive: true, force: true });
  const child = spawn(path.join(folder, "run"), args, { env: { ...process.env, ...toolOptions, ...env } });
  const ended = once(child, "exit");
  const complaints: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => complaints.push(String(chunk)));
  const lines: string[] = [];
  for await (const printed of createInterface(child.stdout)) {
    // Maven resets the colours of the terminal before and after.
    const line = stripVTControlCharacters(printed);
    if (line !== "") lines.push(line);
    if (!line.startsWith("press Enter")) continue;
    clock.advance(20 * 60_000);
    child.stdin.write("\n");
  }
  const [status] = await ended;
  if (status !== 0) throw new Error(`${name} failed: ${[...lines, ...complaints].join("\n")}`);
  return lines;
};

// Much of it is waiting for registries: meanwhile another language is compiled.
describe("walks through wrong input, a new sign-in and a change that is resumed", () => {
  it.concurrent.each([
    ["java", ["--step", "--address"]],
    ["go", ["-step", "-address"]],
    ["python", ["--step", "--address"]],
  ])("%s", { timeout: 600_000 }, async (name, args) => {
    const env = name === "python" ? { PYTHON: await python() } : {};
    // Its clock is turned.
    const server = await startServer();
    try {
      const address = new URL(server.url).host;
      expect(await inTurn(name, () => walk(server, name, [...args, address], env))).toEqual([
        expect.stringMatching(/^signed up as \S+@example\.com$/),
        "wrong input is refused: REASON_FORM_REJECTED 4000001",
        "the profile is saved: Ann",
        "press Enter to change the password",
        "the session is too old: REASON_SESSION_REFRESH_REQUIRED by password",
        "a wrong password is refused: REASON_FORM_REJECTED 4000006",
        "the change that waited is resumed",
        "the password is changed",
      ]);
    } finally {
      await server.stop();
    }
  });
});
