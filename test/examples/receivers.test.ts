import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toolOptions } from "../clients/toolchains.ts";
import { freePort } from "../protocols/free-port.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAsNewPerson, newPassword } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* examples/receiver-go, examples/receiver-python: receivers in other languages check what the server signs. */

const goProgram = "go";
const has = (program: string) => spawnSync(program, ["version"], { stdio: "ignore" }).error === undefined;
const examples = path.resolve(import.meta.dirname, "../../examples");
const folder = mkdtempSync(path.join(tmpdir(), "ostiary-receivers-"));
const secret = `whsec_${randomBytes(32).toString("base64")}`;
const pair = generateKeyPairSync("ed25519");
const tail = (key: Buffer) => key.subarray(-32).toString("base64");
const privateKey = `whsk_${tail(pair.privateKey.export({ format: "der", type: "pkcs8" }))}`;
const publicKey = `whpk_${tail(pair.publicKey.export({ format: "der", type: "spki" }))}`;

interface Started {
  readonly name: string;
  readonly url: string;
  readonly secrets: readonly string[];
  printed: string;
}
const children: ChildProcess[] = [];
const started: Started[] = [];
let server: TestServer;

const start = async (name: string, secrets: readonly string[], command: readonly string[], env: NodeJS.ProcessEnv) => {
  const port = await freePort();
  const [program = "", ...args] = command;
  const child = spawn(program, args, { env: { ...process.env, ...env, PORT: String(port) } });
  children.push(child);
  const one: Started = { name, url: `http://127.0.0.1:${port}/`, secrets, printed: "" };
  child.stdout.on("data", (text: Buffer) => {
    one.printed += text.toString();
  });
  started.push(one);
  while (!(await canConnect(port))) await sleep(100);
};
const canConnect = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.unref().setTimeout(1_000, () => socket.destroy());
    socket.on("connect", () => socket.destroy());
  });

beforeAll(async () => {
  await start("python", [secret], ["python3", path.join(examples, "receiver-python/main.py")], { SECRET: secret });
  if (has(goProgram)) {
    const binary = path.join(folder, "receiver");
    const cwd = path.join(examples, "receiver-go");
    const built = spawnSync(goProgram, ["build", "-o", binary, "."], {
      cwd,
      env: { ...process.env, ...toolOptions, GOFLAGS: `${toolOptions.GOFLAGS} -mod=mod` },
    });
    expect(built.stderr.toString()).toBe("");
    await start("go", [secret], [binary], { SECRET: secret });
    await start("go_ed25519", [privateKey], [binary], { PUBLIC_KEY: publicKey });
  }
  // Signed with what it does not know.
  const other = `whsec_${randomBytes(32).toString("base64")}`;
  const receivers = [...started, { name: "stranger", url: started[0]?.url, secrets: [other] }].map(
    ({ name, url, secrets }) => ({ name, url, secrets, types: ["password.changed"], retry: ["10ms"] }),
  );
  server = await startServer({ overrides: { events: { receivers } } });
  server.clock.advance(Date.now() - server.clock.now().getTime());
}, 120_000);
afterAll(async () => {
  await server?.stop();
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
});

it("each believes what is signed with its secret, once, and nothing else", async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  for (const one of started)
    await expect.poll(() => one.printed, { timeout: 10_000 }).toBe(`password.changed ${person.id}\n`);
  const parked = async () =>
    await server.sql("SELECT last_error FROM jobs WHERE kind = 'event_stranger' AND parked_at IS NOT NULL");
  await expect.poll(parked, { timeout: 10_000 }).toEqual([{ last_error: "the receiver answered 400" }]);
});
