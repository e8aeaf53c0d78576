import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Raw } from "../../../src/config/tree.ts";
import { freePort } from "../../protocols/free-port.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { enterAsNewPerson } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { program, type Received, type Receiver, startReceiver } from "../../protocols/receiver.ts";
import { identitySchemaUrl } from "../../protocols/schema.ts";
import { startServer, type TestServer, testSecrets } from "../../protocols/server.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

/* A node dies between the commit of a change and the delivery of what it causes. Another one delivers it. */

const PEOPLE = 3;
const CHANGES = 3;

let folder: string;
let database: FreshDatabase;
let receiver: Receiver;
let killed: ChildProcess | undefined;
let survivor: TestServer | undefined;
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-killed-"));
  database = await migratedDatabase();
  receiver = await startReceiver();
});
afterAll(async () => {
  killed?.kill("SIGKILL");
  await survivor?.stop();
  await receiver?.close();
  if (survivor === undefined) await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const delivering = (): Raw => ({
  events: {
    receivers: [
      { name: "crm", url: `${receiver.url}/event`, secrets: [`whsec_${Buffer.alloc(32, 3).toString("base64")}`] },
    ],
  },
  selfservice: {
    flows: {
      registration: { style: "unified", after: { password: { hooks: [{ hook: "session" }] } } },
      settings: {
        after: {
          profile: {
            hooks: [
              {
                hook: "web_hook",
                config: {
                  url: `${receiver.url}/hook`,
                  method: "POST",
                  body: program("function(ctx) {identity: ctx.identity.id, name: ctx.identity.traits.name.first}"),
                  response: { ignore: true },
                },
              },
            ],
          },
        },
      },
    },
  },
});

/** Serves from another process, and waits until it is ready. */
const serveInProcess = async (): Promise<string> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const { selfservice, events } = delivering();
  const configuration = {
    dsn: database.dsn,
    secrets: testSecrets,
    events,
    serve: { public: { host: "127.0.0.1", port, base_url: `${url}/` }, admin: { host: "127.0.0.1", port: adminPort } },
    identity: { default_schema_id: "person", schemas: [{ id: "person", url: identitySchemaUrl }] },
    selfservice: {
      ...(selfservice as Raw),
      methods: { password: { config: { haveibeenpwned_enabled: false } } },
      default_browser_return_url: `${url}/`,
    },
    hashers: {
      algorithm: "argon2",
      argon2: { memory: "8KB", iterations: 1, parallelism: 1, salt_length: 16, key_length: 16 },
    },
  };
  const file = path.join(folder, "node.yml");
  writeFileSync(file, JSON.stringify(configuration));
  killed = spawn(process.execPath, ["src/main.ts", "serve", "-c", file, "--dev"], { stdio: "ignore" });
  const isReady = () =>
    fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(isReady, { timeout: 60_000, interval: 100 }).toBe(true);
  return url;
};

/** What came first of each delivery, by the id that it has at every attempt. */
const firstOf = (received: readonly Received[], at: string, header: string) =>
  [...new Map(received.filter((one) => one.path === at).map((one) => [one.headers[header], one])).values()].map(
    ({ body }) => JSON.parse(body) as Record<string, unknown>,
  );

it("nothing that it committed is lost, and each person's is delivered in order", { timeout: 120_000 }, async () => {
  // What the node delivers is never answered, so that it dies with some of it underway and the rest waiting.
  receiver.answer = () => undefined;
  const url = await serveInProcess();
  const otherNode = { url } as unknown as TestServer;
  const people = await Promise.all(
    Array.from({ length: PEOPLE }, async () => {
      const { person, visitor } = await enterAsNewPerson(nativeRest, otherNode);
      const flow = accepted(await visitor.settings.create()).id;
      for (let change = 1; change <= CHANGES; change++) {
        const traits = { email: person.email, name: { first: `Ann ${change}` } };
        accepted(await visitor.settings.update(flow, { method: "profile", traits }));
      }
      return person;
    }),
  );
  await receiver.until(1);
  const exited = once(killed as ChildProcess, "exit");
  killed?.kill("SIGKILL");
  await exited;

  receiver.reset();
  survivor = await startServer({ database, migrated: false, overrides: delivering() });
  // The leases of the dead node are over at once.
  await survivor.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3), owner = NULL WHERE owner IS NOT NULL");
  const events = () => firstOf(receiver.received, "/event", "webhook-id");
  const hooks = () => firstOf(receiver.received, "/hook", "ory-webhook-trigger-id");
  await expect.poll(() => events().length, { timeout: 30_000 }).toBe(PEOPLE * (CHANGES + 1));
  await expect.poll(() => hooks().length, { timeout: 30_000 }).toBe(PEOPLE * CHANGES);
  for (const { id } of people) {
    expect(events().filter((event) => event.identity_id === id)).toMatchObject([
      { type: "registration.succeeded", position: 1 },
      ...Array.from({ length: CHANGES }, (_, at) => ({ type: "profile.changed", position: at + 2 })),
    ]);
    const names = hooks().filter(({ identity }) => identity === id);
    expect(names.map(({ name }) => name)).toEqual(Array.from({ length: CHANGES }, (_, at) => `Ann ${at + 1}`));
  }
  expect(await survivor.sql("SELECT id FROM jobs WHERE kind IN ('event_crm', 'web_hook')")).toEqual([]);
});
