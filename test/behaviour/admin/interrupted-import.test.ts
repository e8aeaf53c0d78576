import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { freePort } from "../../protocols/free-port.ts";
import { identitySchemaUrl } from "../../protocols/schema.ts";
import { startServer, type TestServer, testSecrets } from "../../protocols/server.ts";
import { bareEnv } from "../../setup/bare-env.ts";

/* Whoever is killed in the middle of an import, nobody is lost and nobody is there twice. */

const PEOPLE = 3_000;
const folder = mkdtempSync(path.join(tmpdir(), "ostiary-import-"));
let server: TestServer;
let children: ChildProcess[] = [];
beforeAll(async () => {
  server = await startServer();
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const countPeople = async (): Promise<number> =>
  Number((await server.sql<{ n: number }>("SELECT COUNT(*) AS n FROM identities"))[0]?.n);
const untilThereAre = (many: number) =>
  vi.waitUntil(async () => (await countPeople()) >= many, { timeout: 30_000, interval: 5 });

const begin = (args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess => {
  const child = spawn(process.execPath, ["src/main.ts", ...args], {
    env: { ...bareEnv, HOME: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  return child;
};
const kill = async (child: ChildProcess): Promise<void> => {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
};

/** A node of its own process on the database of the test. */
const beginNode = async () => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = path.join(folder, "node.json");
  writeFileSync(
    file,
    JSON.stringify({
      dsn: server.database.dsn,
      serve: { public: { host: "127.0.0.1", port }, admin: { host: "127.0.0.1", port: adminPort } },
      identity: { default_schema_id: "person", schemas: [{ id: "person", url: identitySchemaUrl }] },
      secrets: testSecrets,
    }),
  );
  const child = begin(["serve", "-c", file, "--dev"]);
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const isUp = async () => (await fetch(`${adminUrl}/health/ready`).catch(() => undefined))?.ok === true;
  await vi.waitUntil(isUp, { timeout: 30_000, interval: 50 });
  return { child, adminPort, adminUrl };
};

it("a client that is killed goes on where it was, and waits for a node that is killed", async () => {
  const file = path.join(folder, "people.ndjson");
  const emails = Array.from({ length: PEOPLE }, (_, at) => `person-${at}@import.example`);
  writeFileSync(file, emails.map((email) => `${JSON.stringify({ traits: { email } })}\n`).join(""));
  const node = await beginNode();
  const importing = () => begin(["identities", "import", file, "--json"], { OSTIARY_ADMIN_URL: node.adminUrl });

  const first = importing();
  await untilThereAre(200);
  await kill(first);

  const second = importing();
  const [told, said] = [text(second.stdout as never), text(second.stderr as never)];
  await untilThereAre(1_300);
  await kill(node.child);
  const another = await startServer({
    beside: server,
    overrides: { serve: { admin: { port: node.adminPort } } },
  });
  try {
    const [code] = await once(second, "exit");
    expect([code, await said]).toEqual([0, expect.stringContaining("trying again")]);
    const { created, existing, failed } = JSON.parse(await told) as Record<string, number>;
    // Those of a part that was cut off are there already when it is sent again.
    expect([Number(created) + Number(existing), failed]).toEqual([PEOPLE, 0]);
    const names = await server.sql<{ identifier: string }>("SELECT identifier FROM identity_identifiers");
    expect(names.map(({ identifier }) => identifier).toSorted()).toEqual(emails.toSorted());
    const [rows] = await server.sql<{ n: number }>(
      "SELECT COUNT(*) AS n FROM security_events WHERE type = 'identity.created'",
    );
    expect([await countPeople(), Number(rows?.n)]).toEqual([PEOPLE, PEOPLE]);
  } finally {
    await another.stop();
  }
}, 90_000);
