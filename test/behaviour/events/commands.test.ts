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

/* `ostiary events …` and `ostiary deliveries …` */

const folder = mkdtempSync(path.join(tmpdir(), "ostiary-events-"));
let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  const secrets = [`whsec_${Buffer.alloc(32, 7).toString("base64")}`];
  server = await startServer({
    overrides: {
      // What becomes due is looked for that often.
      courier: { worker: { pull_wait: "50ms" } },
      events: {
        stream: { enabled: true },
        receivers: [
          { name: "crm", url: `${receiver.url}/crm`, secrets, types: ["password.*"] },
          { name: "picky", url: `${receiver.url}/picky`, secrets, types: ["profile.*"], retry: ["10ms"] },
        ],
      },
      selfservice: {
        flows: {
          settings: {
            after: {
              profile: {
                hooks: [
                  {
                    hook: "web_hook",
                    config: {
                      id: "mail-list",
                      url: `${receiver.url}/hook?key=a-secret`,
                      method: "POST",
                      fields: { id: "ctx.identity.id" },
                      response: { ignore: true },
                    },
                  },
                ],
              },
            },
          },
        },
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
  receiver.reset();
  for (const spy of spies) spy.mockRestore();
  process.exitCode = undefined;
});
const run = (...args: readonly string[]) =>
  runCommandLine(["events", ...args, "--admin-url", server.adminUrl], commands);
const deliveries = async (...args: readonly string[]): Promise<string[]> => {
  said = [];
  await runCommandLine(["deliveries", ...args, "--admin-url", server.adminUrl], commands);
  return said;
};

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

it.each([
  ["web hooks", ["--web-hooks"], "/hook", "mail-list"],
  ["events", ["--receiver", "picky"], "/picky", "profile.changed"],
])("deliveries of %s are listed, replayed and dropped", async (_, target, at, shown) => {
  receiver.answer = (_, response) => void response.writeHead(404).end();
  const mine = () =>
    receiver.received.filter(({ path, body }) => path.startsWith(at) && body.includes(person.id)).length;
  const parked = async (): Promise<string[]> =>
    (await deliveries("list", ...target, "--parked", "--limit", "0", "--json"))
      .filter((line) => line.includes(person.id))
      .map((line) => JSON.parse(line).id);
  accepted(await change(visitor, { method: "profile", traits: { email: person.email, name: { first: "Ada" } } }));
  await expect.poll(parked, { timeout: 10_000 }).toHaveLength(1);
  const [id = ""] = await parked();
  const lines = await deliveries("list", ...target, "--parked");
  expect(lines.join("\n")).toMatch(new RegExp(`^ID .*ERROR\n(?:.*\n)*${id} .*${shown}.*the receiver answered 404`));
  expect(lines.join("\n")).not.toContain("a-secret");
  const before = mine();
  expect(await deliveries("replay", ...target, id)).toEqual(["1 queued"]);
  await expect.poll(mine).toBeGreaterThan(before);
  await expect.poll(parked, { timeout: 10_000 }).toHaveLength(1);
  const [replayed = ""] = await deliveries("replay", ...target, "--parked", "--json");
  expect(JSON.parse(replayed).queued).toBeGreaterThan(0);
  await expect.poll(parked, { timeout: 10_000 }).toHaveLength(1);
  expect(await deliveries("drop", ...target, id)).toEqual(["1 dropped"]);
  expect(await parked()).toEqual([]);
});

it.each([
  [["list"], "name a receiver of events with --receiver, or --web-hooks"],
  [["list", "--web-hooks", "--receiver", "crm"], "name a receiver of events with --receiver, or --web-hooks"],
  [["replay", "--web-hooks"], "name the ids of deliveries, or --parked"],
  [["replay", "--web-hooks", "--parked", "x"], "name the ids of deliveries, or --parked"],
  [["drop", "--web-hooks"], "name the ids of deliveries"],
  [["drop", "--receiver", "nobody", "x"], "receiver"],
])("deliveries %j is refused", async (args, message) => {
  expect((await deliveries(...args)).join("\n")).toContain(message);
  expect(process.exitCode).toBe(1);
});
