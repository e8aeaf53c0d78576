import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bareEnv } from "../../setup/bare-env.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "serve-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Begins to serve with a private database in a folder of its own, on free ports. */
const begin = (name: string, configuration: string, env: Record<string, string> = {}) => {
  const file = path.join(folder, `${name}.yml`);
  const dataDir = path.join(folder, name);
  writeFileSync(file, configuration);
  const child = spawn(process.execPath, ["src/main.ts", "serve", "-c", file, "--dev", "--data-dir", dataDir], {
    env: { ...bareEnv, SERVE_PUBLIC_PORT: "0", SERVE_ADMIN_PORT: "0", LOG_FORMAT: "json", ...env },
  });
  return { child, dataDir, ended: ending(child) };
};

const ending = async (child: ChildProcess) => {
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout ?? process.stdin),
    text(child.stderr ?? process.stdin),
    once(child, "exit"),
  ]);
  return { stdout, stderr, status };
};

describe("a start that cannot be", () => {
  const schemas = (url: string) => `identity: {default_schema_id: a, schemas: [{id: a, url: "${url}"}]}\n`;
  test.each([
    [
      "a schema that is not there",
      schemas("file:///nowhere/person.schema.json"),
      /^ostiary: identity schema "a": #: cannot be read from [^\n]+ENOENT[^\n]+\n$/,
    ],
    [
      "a schema that is no JSON",
      schemas("base64://e30x"),
      /^ostiary: identity schema "a": #: cannot be read [^\n]+\n$/,
    ],
    [
      "a schema that is none",
      schemas(`base64://${btoa('{"type":"objekt"}')}`),
      /^ostiary: identity schema "a": [^\n]+\n$/,
    ],
    [
      "a certificate that is none",
      `serve: {public: {tls: {cert: {base64: "${btoa("no certificate")}"}, key: {base64: "${btoa("no key")}"}}}}\n`,
      /^ostiary: [^\n]*\n {2}[^\n]+\.yml:1: serve\.public\.tls: cert and key [^\n]*\n$/,
    ],
    [
      "a certificate of nothing",
      'serve: {public: {tls: {cert: {base64: "%"}, key: {base64: "%"}}}}\n',
      /^ostiary: [^\n]*\n {2}[^\n]+\.yml:1: serve\.public\.tls: cert and key [^\n]*\n$/,
    ],
    [
      "a web hook without a body",
      `selfservice:
  flows:
    settings:
      after:
        hooks:
          - hook: web_hook
            config:
              url: https://example.com/
              method: POST
`,
      /^ostiary: [^\n]*\n {2}[^\n]+\.yml:7: selfservice\.[a-z.]+\.hooks\[0\]\.config\.body: is missing[^\n]*\n$/,
    ],
  ])("for %s is told in a line, before a database is made", async (name, configuration, line) => {
    const { dataDir, ended } = begin(name.replaceAll(" ", "-"), configuration);
    const { stderr, status } = await ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(line);
    expect(existsSync(path.join(dataDir, "database"))).toBe(false);
  });

  test("for secrets that are not set beside a dsn is told, and nothing is begun", async () => {
    const { dataDir, ended } = begin("secrets", "log: {level: info}\n", { DSN: "mysql://u:p@tcp(127.0.0.1:1)/d" });
    const { stderr, status } = await ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/^ostiary: [^\n]*\n {2}secrets\.default: is missing[^\n]*\n$/);
    expect(existsSync(dataDir) && readdirSync(dataDir).length > 0).toBe(false);
  });
});

test("a host that is no interface of this machine is told by its key", async () => {
  const { ended } = begin("host", 'serve: { public: { host: "nobody.invalid" } }\n');
  const { stderr, status } = await ended;
  expect(status).toBe(1);
  expect(stderr).toMatch(/^ostiary: serve\.public\.host: nobody\.invalid is no interface of this machine \(E\w+\)\n$/);
});

describe("a server with a private database", () => {
  test("ends with an error when the database ends by itself", async () => {
    const { child, dataDir, ended } = begin("lost", "log: {level: info}\n");
    let out = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    await expect.poll(() => out, { timeout: 60_000, interval: 100 }).toContain("ready");
    const started = performance.now();
    process.kill(Number(readFileSync(path.join(dataDir, "database", "server.pid"), "utf8")), "SIGKILL");
    const { stderr, status } = await ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/^ostiary: The private database ended by itself \(SIGKILL\)/);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
