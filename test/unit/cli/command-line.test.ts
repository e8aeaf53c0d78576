import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { configFiles } from "../../../src/cli/config-files.ts";
import { explain } from "../../../src/cli/explain.ts";
import { greeting } from "../../../src/cli/greeting.ts";
import { parseCommandLine } from "../../../src/cli/parse.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { bareEnv } from "../../setup/bare-env.ts";

const ostiary = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/main.ts", ...args], {
    encoding: "utf8",
    env: bareEnv,
  });
  return { status, stdout, stderr };
};

test("every command has help with its options and an example", () => {
  for (const command of commands) {
    expect(parseCommandLine([...command.name.split(" "), "--help"], commands)).toEqual({ kind: "help", command });
    expect(command.help).toMatch(/Usage: ostiary /);
    expect(command.help).toMatch(/Examples?:\n {2}/);
    for (const option of Object.keys(command.options)) expect(command.help).toContain(`--${option}`);
  }
});

test("help goes to stdout and is no failure", () => {
  expect(ostiary("--help")).toEqual({ status: 0, stdout: expect.stringContaining("serve"), stderr: "" });
  expect(ostiary("serve", "-h")).toEqual({ status: 0, stdout: expect.stringContaining("--data-dir"), stderr: "" });
  expect(ostiary("version")).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^ostiary \d+\.\d+\.\d+\n$/),
    stderr: "",
  });
});

test("a mistyped command line is told in one line, with exit code 2", () => {
  expect(ostiary("sreve")).toEqual({
    status: 2,
    stdout: "",
    stderr: expect.stringMatching(/^ostiary: unknown command "sreve", did you mean serve\?.*\n$/),
  });
  expect(ostiary("serve", "--deev")).toEqual({
    status: 2,
    stdout: "",
    stderr: expect.stringMatching(/^ostiary: unknown option --deev, did you mean --dev\?.*\n$/),
  });
});

test.each([
  [["serve", "file.yml"], 'serve takes no argument "file.yml"'],
  [["serve", "-c"], "argument missing"],
  [["serve", "-c", "--dev"], "argument is ambiguous"],
  [["serve", "--config", "--data-dir=/data"], "argument is ambiguous"],
  [["serve", "--dev=1"], "does not take an argument"],
  [["migrate", "--dev"], "unknown option --dev"],
  [["--nonsense"], 'unknown option "--nonsense"'],
])("%j is a mistake", (args, message) => {
  expect(parseCommandLine(args, commands)).toEqual({ kind: "mistake", message: expect.stringContaining(message) });
});

test("files may be repeated, and data goes beside the first unless somebody says otherwise", () => {
  const parsed = parseCommandLine(["serve", "-c", "/etc/a.yml", "--config=b.yml", "--dev"], commands);
  expect(parsed).toMatchObject({ kind: "run", values: { config: ["/etc/a.yml", "b.yml"], dev: true } });
  const values = { config: ["/etc/a.yml", "b.yml"] };
  expect(configFiles(values, {})).toEqual({ files: ["/etc/a.yml", "b.yml"], dataDir: "/etc/.data" });
  expect(configFiles(values, { OSTIARY_DATA_DIR: "/var/lib/ostiary" }).dataDir).toBe("/var/lib/ostiary");
  expect(configFiles({ ...values, "data-dir": "/data" }, { OSTIARY_DATA_DIR: "/var/lib/ostiary" }).dataDir).toBe(
    "/data",
  );
});

test("without a file, the one of the release is read and data goes to the working folder", () => {
  const { files, dataDir } = configFiles({}, {});
  expect(files).toEqual([expect.stringMatching(/\/config\/ostiary\.yml$/)]);
  expect(dataDir).toBe(`${process.cwd()}/.data`);
});

test("mistakes of the configuration are printed without a stack, with exit code 1", () => {
  const { status, stdout, stderr } = ostiary("migrate", "-c", "/nowhere.yml");
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toBe(
    "ostiary: The configuration cannot be used, for one reason:\n  /nowhere.yml: cannot be read (ENOENT)\n",
  );
});

test("a taken port is explained", () => {
  expect(explain(Object.assign(new Error("listen"), { code: "EADDRINUSE", address: "127.0.0.1", port: 4433 }))).toMatch(
    /^ostiary: port 4433 of 127\.0\.0\.1 is in use/,
  );
});

test("the greeting says where to point a browser, a gRPC client and curl", () => {
  const listening = { public: "http://127.0.0.1:50001/", admin: "http://127.0.0.1:50002/" };
  const text = (overrides: object) =>
    greeting(loadConfig({ files: [], env: {}, overrides: { serve: { public: overrides } } }).config, listening);
  expect(text({})).toContain("http://127.0.0.1:4433/self-service/registration/browser");
  expect(text({})).toContain("grpcurl -plaintext 127.0.0.1:4433 list");
  expect(text({ port: 0 })).toContain("curl -s http://127.0.0.1:50001/self-service/registration/api");
  expect(text({ base_url: "https://id.example/auth" })).toContain("grpcurl id.example:443 list");
  expect(text({ base_url: "https://id.example/auth" })).toContain(
    "https://id.example/auth/self-service/registration/browser",
  );
});
