import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bareEnv } from "../../setup/bare-env.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

/** Runs the command on the test's database, on free ports. */
async function ostiary(...args: string[]) {
  const env = {
    PATH: process.env.PATH,
    DSN: database.dsn,
    SERVE_PUBLIC_PORT: "0",
    SERVE_ADMIN_PORT: "0",
    SECRETS_DEFAULT: "the secret of a test",
  };
  const child = spawn(process.execPath, ["src/main.ts", ...args], { env });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { stdout, stderr, status };
}

test("serving a database that is not migrated ends with one line that says what to run", async () => {
  const { stderr, status } = await ostiary("serve", "-c", "config/ostiary.yml", "--dev");
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^ostiary: the database lacks \d+ migrations?; run: ostiary migrate -c config\/ostiary\.yml\n$/,
  );
});

test("migrate tells what it does, and finds nothing left the second time", async () => {
  const first = await ostiary("migrate", "-c", "config/ostiary.yml");
  expect(first).toMatchObject({ status: 0, stderr: "" });
  expect(first.stdout).toMatch(
    /^\d+ migrations? (?:is|are) missing\.\n(?:a migration was applied: \S+\n)+The database is up to date\.\n$/,
  );
  expect(await ostiary("migrate", "-c", "config/ostiary.yml")).toEqual({
    status: 0,
    stderr: "",
    stdout: "No migrations are missing.\nThe database is up to date.\n",
  });
});

test("a wrong dsn is told in one line, without its password", async () => {
  const child = spawn(process.execPath, ["src/main.ts", "migrate"], {
    env: { ...bareEnv, DSN: "mysql://ann:hunter2@tcp(host:0)/x" },
  });
  const [stderr] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect(stderr).toMatch(/environment variable DSN: dsn: the dsn's address is not of the form host:port\n$/);
  expect(stderr).not.toContain("hunter2");
});
