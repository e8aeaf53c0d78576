import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { runCommandLine } from "../../../src/cli/run.ts";
import { freePort } from "../../protocols/free-port.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newEmail } from "../../protocols/person.ts";
import { refused } from "../../protocols/protocol.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";
import { bareEnv } from "../../setup/bare-env.ts";

/* The command line is a client of the admin port. */

const folder = mkdtempSync(path.join(tmpdir(), "ostiary-operator-"));
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      selfservice: {
        flows: { recovery: { enabled: true } },
        methods: { link: { enabled: true } },
        notices: { address: true },
      },
    },
  });
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

const env = () => ({ ...bareEnv, HOME: folder, OSTIARY_ADMIN_URL: server.adminUrl });
/** Runs a command line in this process, one at a time: another process takes a second to start on a busy machine. */
const runHere = async (more: Readonly<Record<string, string>>, args: readonly string[]): Promise<Outcome> => {
  const said = { stdout: "", stderr: "" };
  const before = { ...process.env };
  const spies = [
    vi.spyOn(console, "log").mockImplementation((text) => {
      said.stdout += `${text}\n`;
    }),
    vi.spyOn(console, "error").mockImplementation((text) => {
      said.stderr += `${text}\n`;
    }),
    vi.spyOn(process.stdout, "write").mockImplementation(((text: string, done?: () => void) => {
      said.stdout += text;
      done?.();
      return true;
    }) as typeof process.stdout.write),
  ];
  for (const name of Object.keys(before)) if (/^OSTIARY_|^XDG_CONFIG_HOME$/.test(name)) delete process.env[name];
  Object.assign(process.env, { HOME: folder, ...more });
  process.exitCode = undefined;
  try {
    await runCommandLine(args, commands);
    return { code: Number(process.exitCode ?? 0), ...said };
  } finally {
    process.env = before;
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
};
const ostiary = (...args: string[]): Promise<Outcome> => runHere({ OSTIARY_ADMIN_URL: server.adminUrl }, args);
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

it("a patch of a verified address can be undone by whoever had it, unless the command says not", async () => {
  const verified = [
    { op: "replace", path: "/verifiable_addresses/0/verified", value: true },
    { op: "replace", path: "/verifiable_addresses/0/status", value: "completed" },
  ];
  for (const [flags, undos] of [
    [[], 1],
    [["--without-address-undo"], 0],
  ] as const) {
    const { person } = await enterAsNewPerson(nativeRest, server);
    await ostiary("identities", "patch", person.id, JSON.stringify(verified));
    const patch = JSON.stringify([{ op: "replace", path: "/traits/email", value: newEmail() }]);
    expect(await ostiary("identities", "patch", ...flags, person.id, patch)).toMatchObject({ code: 0 });
    const rows = await server.sql("SELECT 1 FROM address_undos WHERE identity_id = ?", [idBytes(person.id)]);
    expect([flags, rows.length]).toEqual([flags, undos]);
  }
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

it("an import names the lines that fail, imports the rest, and imports nobody twice", async () => {
  const file = path.join(folder, "some.ndjson");
  const [first, second] = [newEmail(), newEmail()];
  const line = (email: string) => JSON.stringify({ traits: { email }, state: "inactive" });
  writeFileSync(file, [line(first), "{", line(first), "", line("x"), line(second)].join("\n"));
  const answer = await ostiary("identities", "import", file);
  expect([answer.code, answer.stdout]).toEqual([1, "2 created, 0 there already, 3 failed\n"]);
  for (const said of ["line 2: ", "line 3: traits.email: ", "line 5: traits.email: "])
    expect(answer.stderr).toContain(said);
  expect(existsSync(`${file}.progress`)).toBe(false);
  expect((await ostiary("identities", "import", file)).stdout).toBe("0 created, 2 there already, 3 failed\n");
  const renamed = await ostiary("identities", "import", file, "--import-id", "another", "--json");
  expect(json(renamed.stdout)).toEqual([{ created: 0, existing: 0, failed: 5 }]);
});

it("an identity is created of what is typed, or of a file, and shown", async () => {
  const email = newEmail();
  const document = { traits: { email }, state: "inactive", external_id: email };
  const created = await ostiary("identities", "create", JSON.stringify(document));
  expect([created.code, json(created.stdout)[0]]).toEqual([0, expect.objectContaining({ traits: { email } })]);
  expect(json((await ostiary("identities", "get", email, "--external-id")).stdout)[0]).toMatchObject({
    state: "STATE_INACTIVE",
  });
  const file = path.join(folder, "one.json");
  writeFileSync(file, JSON.stringify({ traits: { email: newEmail() } }, null, 2));
  expect((await ostiary("identities", "create", file)).code).toBe(0);
  const refusals = [
    [JSON.stringify(document), "email"],
    [JSON.stringify({ ...document, role: 1 }), "role"],
    [JSON.stringify({ traits: { email: "x" } }), "traits.email"],
    ["{", "no JSON object"],
    ["/nowhere.json", "/nowhere.json cannot be read (ENOENT)"],
  ] as const;
  for (const [given, said] of refusals) {
    const { code, stdout, stderr } = await ostiary("identities", "create", given);
    expect([code, stdout, stderr]).toEqual([1, "", expect.stringMatching(/^ostiary: [^\n]+\n$/)]);
    expect(stderr).toContain(said);
  }
});

it("a file is validated line by line, and nothing is written", async () => {
  const file = path.join(folder, "to-validate.ndjson");
  const [email, password] = [newEmail(), "a given secret 9"];
  const { person } = await enterAsNewPerson(nativeRest, server);
  const lines = [
    { traits: { email }, credentials: { password: { config: { password } } } },
    { traits: { email } },
    { traits: { email: person.email } },
    { traits: { email: newEmail() }, credentials: { password: { config: { hashed_password: "plain" } } } },
    { schema_id: "other", traits: { email: newEmail() } },
  ].map((line) => JSON.stringify(line));
  writeFileSync(file, [...lines, "{"].join("\n"));
  const count = async () => (await server.sql("SELECT id FROM identities")).length;
  const before = await count();
  const checked = await ostiary("identities", "validate", file);
  expect([checked.code, checked.stdout]).toEqual([1, "1 valid, 0 there already, 5 failed\n"]);
  for (const said of ["2: traits.email", "3: traits.email", "4: credentials.password", "5: schema_id", "6: "])
    expect(checked.stderr).toContain(`line ${said}`);
  expect(await count()).toBe(before);
  writeFileSync(file, lines[0] ?? "");
  expect(await ostiary("identities", "validate", file, "--json")).toMatchObject({
    code: 0,
    stdout: '{"valid":1,"existing":0,"failed":0}\n',
  });
  expect(await ostiary("identities", "validate", "/nowhere")).toMatchObject({
    code: 1,
    stderr: "ostiary: /nowhere cannot be read (ENOENT)\n",
  });
});

const interruptedImport = async (file: string) => {
  const held = server.gate.hold();
  const child = spawn(process.execPath, ["src/main.ts", "identities", "import", file], { env: env() });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += String(chunk);
  });
  await held.reached;
  child.kill("SIGINT");
  await expect.poll(() => said).toContain("interrupted: what was sent is waited for");
  held.release();
  const [code] = await once(child, "exit");
  return { code, said };
};
const manyPeople = (count: number) =>
  Array.from({ length: count }, () => JSON.stringify({ traits: { email: newEmail() } }));

it("an import that is interrupted says where, and goes on there", async () => {
  const file = path.join(folder, "many.ndjson");
  writeFileSync(file, manyPeople(2_500).join("\n"));
  expect(await interruptedImport(file)).toEqual({
    code: 130,
    said: expect.stringContaining("interrupted before line 1001"),
  });
  expect(JSON.parse(readFileSync(`${file}.progress`, "utf8"))).toMatchObject({ line: 1_001, created: 1_000 });
  expect((await ostiary("identities", "import", file)).stdout).toBe("2500 created, 0 there already, 0 failed\n");
  expect(existsSync(`${file}.progress`)).toBe(false);
});

it("an import begins anew where the file is another than the one that was interrupted", async () => {
  const file = path.join(folder, "corrected.ndjson");
  const [, ...others] = manyPeople(1_200);
  writeFileSync(file, ["{", ...others].join("\n"));
  expect(await interruptedImport(file)).toMatchObject({ code: 130 });
  writeFileSync(file, [...manyPeople(1), ...others].join("\n"));
  expect((await ostiary("identities", "import", file)).stdout).toBe("201 created, 999 there already, 0 failed\n");
});

it("an import waits for a server that is not there, and gives up with a line that says how far it came", async () => {
  const file = path.join(folder, "lost.ndjson");
  writeFileSync(file, `${JSON.stringify({ traits: { email: newEmail() } })}\n`);
  const port = await freePort();
  const child = spawn(process.execPath, ["src/main.ts", "identities", "import", file], {
    env: { ...env(), OSTIARY_ADMIN_URL: `http://127.0.0.1:${port}` },
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += String(chunk);
  });
  await expect.poll(() => said, { timeout: 10_000 }).toContain("line 1: no connection (ECONNREFUSED); trying again");
  child.kill("SIGINT");
  const [code] = await once(child, "exit");
  expect([code, said]).toEqual([1, expect.stringContaining("line 1 and those after it are not imported")]);
});

it("people come by standard input as well", async () => {
  const child = spawn(process.execPath, ["src/main.ts", "identities", "import", "-", "--json"], { env: env() });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += String(chunk);
  });
  child.stdin.end(`${JSON.stringify({ traits: { email: newEmail() } })}\r\n`);
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(json(said)).toEqual([{ created: 1, existing: 0, failed: 0 }]);
});

it("sessions are listed and ended", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const [session] = json((await ostiary("sessions", "list", "--identity", person.id, "--json")).stdout);
  expect(session).toMatchObject({ active: true });
  expect((await ostiary("sessions", "disable", String(session?.id))).stdout).toBe("1 sessions: disabled\n");
  expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  expect((await ostiary("sessions", "list", "--active")).stdout).toMatch(/^ID +ACTIVE/);
  const other = await enterAsNewPerson(nativeRest, server);
  const [live] = json((await ostiary("sessions", "list", "--identity", other.person.id, "--json")).stdout);
  expect(json((await ostiary("sessions", "get", String(live?.id))).stdout)[0]).toMatchObject({
    id: live?.id,
    identity: { id: other.person.id },
  });
  expect((await ostiary("sessions", "extend", String(live?.id))).stdout).toMatch(/ ends \d{4}-/);
  expect((await ostiary("sessions", "extend", person.id)).stderr).toMatch(/^ostiary: /);
});

it("recovery codes and links are made for whoever has lost access", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const [code, link] = (await ostiary("recovery", "code", person.id, "--expires-in", "2h")).stdout.split("\n");
  expect([code, link]).toEqual([expect.stringMatching(/^\d{6}$/), expect.stringContaining("flow=")]);
  const [made] = json((await ostiary("recovery", "link", person.id, "--json")).stdout);
  expect(made?.recovery_link).toContain("token=");
  expect(await ostiary("recovery", "code", "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99")).toMatchObject({ code: 1 });
  expect((await ostiary("recovery", "code", person.id, "--expires-in", "soon")).stderr).not.toBe("");
});

it("somebody is invited, and the invitation is listed, sent again and revoked", async () => {
  const email = newEmail();
  const [made] = json((await ostiary("identities", "invite", email, "--expires-in", "2h", "--json")).stdout);
  expect(made).toMatchObject({ address: email, via: "email", status: "pending" });
  const id = String((made as { identity_id: string }).identity_id);
  const listed = () => ostiary("invitations", "list", "--limit", "0", "--json");
  expect(json((await listed()).stdout)).toContainEqual(made);
  expect((await ostiary("invitations", "resend", id)).stdout).toContain(email);
  expect((await ostiary("invitations", "revoke", id)).stdout).toBe(`revoked ${id}\n`);
  expect((await listed()).stdout).not.toContain(id);
  expect((await ostiary("identities", "invite", email, "--traits", "none")).stderr).toContain("--traits");
});

it("messages are listed and shown with their attempts", async () => {
  const { stdout } = await ostiary("courier", "list");
  expect(stdout).toMatch(/^ID +STATUS +TYPE +TEMPLATE +RECIPIENT +ATTEMPTS +CREATED/);
  for (const message of json((await ostiary("courier", "list", "--limit", "1", "--json")).stdout || "{}"))
    if (message.id !== undefined)
      expect(json((await ostiary("courier", "get", String(message.id))).stdout)[0]).toMatchObject({ id: message.id });
  expect((await ostiary("courier", "list", "--status", "lost")).stderr).toContain("--status is one of queued");
});

it("the admin port is found by flag, environment or file, and a key comes with it", async () => {
  const heard: string[] = [];
  const port = http.createServer((request, response) => {
    heard.push(`${request.headers.authorization} ${request.url}`);
    response.writeHead(401, { "content-type": "application/json" });
    response.end('{"code":"unauthenticated","message":"who is it?"}');
  });
  const socket = path.join(folder, "admin.sock");
  await new Promise<void>((resolve) => port.listen(socket, resolve));
  const file = path.join(folder, "connection.yml");
  writeFileSync(file, `admin_url: unix:${socket}\napi_key: of-the-file\n`);
  const keyFile = path.join(folder, "key");
  writeFileSync(keyFile, "of-a-key-file\n");
  const asked = (more: Record<string, string>, ...args: string[]) => runHere(more, ["identities", "list", ...args]);
  const failed = { stderr: "ostiary: who is it?\n" };
  expect(await asked({ OSTIARY_CONNECTION: file })).toMatchObject(failed);
  expect(await asked({}, "--connection", file, "--api-key-file", keyFile)).toMatchObject(failed);
  expect(await asked({ OSTIARY_ADMIN_URL: `unix:${socket}`, OSTIARY_API_KEY: "of-the-environment" })).toMatchObject(
    failed,
  );
  expect(await asked({}, "--admin-url", `unix:${socket}`, "--api-key", "of-a-flag")).toMatchObject(failed);
  expect(heard.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(
    ["file", "a-key-file", "the-environment", "a-flag"].map((from) =>
      from === "file" ? "Bearer of-the-file" : `Bearer of-${from}`,
    ),
  );
  writeFileSync(file, "admin_ulr: x\n");
  expect(await asked({ OSTIARY_CONNECTION: file })).toMatchObject({ stderr: expect.stringContaining("admin_ulr") });
  port.close();
});

it("what is missing or mistyped is told in one line", async () => {
  const cases = [
    ["identities", "identities needs one of list, get, create, validate, import"],
    ["identities lst", "did you mean list?"],
    ["identities get", "name the ids of identities"],
    ["identities import /nowhere", "there is no file /nowhere"],
    ["sessions disable", "name sessions, --identity or --all"],
    ["identities list --limit many", "--limit is no number"],
  ] as const;
  for (const [line, said] of cases) expect((await ostiary(...line.split(" "))).stderr).toContain(said);
  expect(await ostiary("identities", "list", "--admin-url", "http://127.0.0.1:9")).toMatchObject({
    code: 1,
    stderr: "ostiary: the admin port cannot be reached (ECONNREFUSED): see --admin-url\n",
  });
});
