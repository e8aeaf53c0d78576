import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { bareEnv } from "../../setup/bare-env.ts";

const folder = mkdtempSync(path.join(tmpdir(), "ostiary-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ostiary = (args: readonly string[], input = "") =>
  spawnSync(process.execPath, ["src/main.ts", ...args], {
    encoding: "utf8",
    input,
    env: bareEnv,
  });

test("a key is made, found in a configuration by its digest, and listed with what it may do", () => {
  const made = JSON.parse(
    ostiary(["keys", "create", "--id", "billing", "--scope", "identities.read", "--json"]).stdout,
  );
  expect(ostiary(["keys", "digest"], `${made.key}\n`).stdout).toBe(`${made.digest}\n`);
  expect(ostiary(["keys", "digest"], "no key").stderr).toContain("standard input has no API key");
  const file = path.join(folder, "ostiary.yml");
  const key = { id: "billing", digest: made.digest, scopes: ["identities.read"], expires_at: "2020-01-31T00:00:00Z" };
  const auth = { type: "api_keys", api_keys: [key] };
  writeFileSync(
    file,
    JSON.stringify({ serve: { admin: { auth } }, selfservice: { default_browser_return_url: "/x" } }),
  );
  const listed = ostiary(["keys", "list", "-c", "config/ostiary.yml", "-c", file, "--json"]);
  expect([listed.stderr, JSON.parse(listed.stdout || "{}")]).toEqual([
    "",
    { id: "billing", scopes: ["identities.read"], expires_at: "2020-01-31T00:00:00.000Z", expired: true },
  ]);
  expect(ostiary(["keys", "list", "-c", "config/ostiary.yml", "-c", file]).stdout).toMatch(
    /^ID +SCOPES +EXPIRES\nbilling /,
  );
  expect(ostiary(["keys", "list"]).stderr).toContain("there are no API keys");
});
