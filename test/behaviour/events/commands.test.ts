import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { runCommandLine } from "../../../src/cli/run.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { change, enterAsNewPerson, newPassword, type Person } from "../../protocols/person.ts";
import { accepted, type Visitor } from "../../protocols/protocol.ts";
import { type Receiver, startReceiver } from "../../protocols/receiver.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* `ostiary events …` */

const folder = mkdtempSync(path.join(tmpdir(), "ostiary-events-"));
let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  const secrets = [`whsec_${Buffer.alloc(32, 7).toString("base64")}`];
  server = await startServer({
    overrides: {
      events: {
        stream: { enabled: true },
        receivers: [{ name: "crm", url: `${receiver.url}/crm`, secrets, types: ["password.*"] }],
      },
    },
  });
});
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
  rmSync(folder, { recursive: true, force: true });
});

let said: string[] = [];
let spies: readonly MockInstance[] = [];
let visitor: Visitor;
let person: Person;
beforeEach(async () => {
  said = [];
  const hear = (text: unknown) => void said.push(String(text));
  spies = [vi.spyOn(console, "log").mockImplementation(hear), vi.spyOn(console, "error").mockImplementation(hear)];
  ({ person, visitor } = await enterAsNewPerson(nativeRest, server));
  accepted(await change(visitor, { method: "password", password: newPassword() }));
});
afterEach(() => {
  for (const spy of spies) spy.mockRestore();
  process.exitCode = undefined;
});
const run = (...args: readonly string[]) =>
  runCommandLine(["events", ...args, "--admin-url", server.adminUrl], commands);

it("list shows what happened, the newest first, as a table or as JSON", async () => {
  await run("list", "--identity", person.id, "--json");
  expect(said.map((line) => JSON.parse(line).type).sort()).toEqual(["password.changed", "registration.succeeded"]);
  said = [];
  await run("list", "--identity", person.id, "--type", "password.*");
  expect(said.join("\n")).toMatch(/^TIME +TYPE.*\n.*password\.changed +done/);
});

it("verify says which chain does not hold, and ends with 1", async () => {
  await run("verify", "--identity", person.id);
  expect([said, process.exitCode]).toEqual([["2 events of 1 identities checked, 0 chains do not hold"], undefined]);
  await server.sql("UPDATE security_events SET outcome = 'x' WHERE position = 1 AND identity_id = ?", [
    idBytes(person.id),
  ]);
  await run("verify", "--identity", person.id);
  expect([said.slice(1), process.exitCode]).toEqual([
    [`${person.id}: event 1 is altered`, "0 events of 1 identities checked, 1 chains do not hold"],
    1,
  ]);
});

it("replay delivers those of a time to a receiver again", async () => {
  const mine = () => receiver.received.filter(({ body }) => body.includes(person.id)).length;
  await expect.poll(mine).toBe(1);
  await run("replay", "--receiver", "crm", "--identity", person.id, "--since", "2020-01-01T00:00:00Z");
  expect(said).toEqual(["1 queued"]);
  await expect.poll(mine).toBe(2);
});

it("watch goes on where its file says", async () => {
  const state = path.join(folder, "state");
  const watching = run("watch", "--identity", person.id, "--from-start", "--state", state, "--json");
  watching.catch(() => undefined);
  await expect.poll(() => said.length, { timeout: 10_000 }).toBe(2);
  expect(readFileSync(state, "utf8").length).toBeGreaterThan(20);
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  await expect.poll(() => said.map((line) => JSON.parse(line).type), { timeout: 10_000 }).toHaveLength(3);
});
