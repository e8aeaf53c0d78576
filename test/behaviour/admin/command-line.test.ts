import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nativeRest } from "../../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newEmail } from "../../protocols/person.ts";
import { refused } from "../../protocols/protocol.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* The command line is a client of the admin port. */

const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), "ostiary-operator-"));
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ostiary = async (...args: string[]): Promise<Outcome> => {
  const env = { PATH: process.env.PATH, OSTIARY_ADMIN_URL: server.adminUrl };
  try {
    return { code: 0, ...(await run(process.execPath, ["src/main.ts", ...args], { env })) };
  } catch (error) {
    return error as Outcome;
  }
};
const json = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it("identities are listed, shown, patched and deleted", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const table = (await ostiary("identities", "list", "--identifier", person.email)).stdout.trim().split("\n");
  expect(table[0]).toMatch(/^ID +STATE +SCHEMA +ADDRESSES$/);
  expect(table.slice(1)).toEqual([expect.stringMatching(`^${person.id} +active +person +${person.email}$`)]);
  expect(json((await ostiary("identities", "get", person.id)).stdout)[0]).toMatchObject({ id: person.id });
  const patch = JSON.stringify([{ op: "add", path: "/traits/age", value: 30 }]);
  expect(json((await ostiary("identities", "patch", person.id, patch)).stdout)[0]).toMatchObject({
    traits: { email: person.email, age: 30 },
  });
  expect(await ostiary("identities", "delete", person.id)).toMatchObject({ code: 0, stdout: `deleted ${person.id}\n` });
  expect(await ostiary("identities", "get", person.id)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no identity of this id."),
  });
});

it("what is exported can be imported again: the same people sign in as before", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server, { name: { first: "Ann" } });
  const file = path.join(folder, "people.ndjson");
  writeFileSync(file, (await ostiary("identities", "export")).stdout);
  await ostiary("identities", "delete", person.id);
  const { stdout, code } = await ostiary("identities", "import", file, "--json");
  expect([code, json(stdout)[0]?.created]).toEqual([expect.any(Number), 1]);
  await enterAs(nativeRest, server, person);
});

it("an import names the lines that fail, imports the rest, and goes on where it was interrupted", async () => {
  const file = path.join(folder, "some.ndjson");
  const [first, second] = [newEmail(), newEmail()];
  const line = (email: string) => JSON.stringify({ traits: { email }, state: "inactive" });
  writeFileSync(file, [line(first), "{", line(first), "", line("x"), line(second)].join("\n"));
  const answer = await ostiary("identities", "import", file);
  expect([answer.code, answer.stdout]).toEqual([1, "2 created, 3 failed\n"]);
  for (const number of [2, 5]) expect(answer.stderr).toContain(`line ${number}: `);
  expect(existsSync(`${file}.progress`)).toBe(false);
  writeFileSync(`${file}.progress`, "5");
  expect((await ostiary("identities", "import", file)).stdout).toBe("0 created, 1 failed\n");
});

it("sessions are listed and ended", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const [session] = json((await ostiary("sessions", "list", "--identity", person.id, "--json")).stdout);
  expect(session).toMatchObject({ active: true });
  expect((await ostiary("sessions", "disable", String(session?.id))).stdout).toBe("1 sessions: disabled\n");
  expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  expect((await ostiary("sessions", "list", "--active")).stdout).toMatch(/^ID +ACTIVE/);
});

it("what is missing or mistyped is told in one line", async () => {
  expect((await ostiary("identities")).stderr).toContain("identities needs one of list, get, import");
  expect((await ostiary("identities", "lst")).stderr).toContain("did you mean list?");
  expect((await ostiary("identities", "get")).stderr).toContain("name the ids of identities");
  expect((await ostiary("identities", "import", "/nowhere")).stderr).toContain("there is no file /nowhere");
  expect((await ostiary("sessions", "disable")).stderr).toContain("name sessions, --identity or --all");
  expect((await ostiary("identities", "list", "--admin-url", "http://127.0.0.1:9")).code).toBe(1);
});
