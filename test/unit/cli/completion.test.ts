import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { completionScript } from "../../../src/cli/completion-script.ts";

/** What bash offers for the last word of a command line. */
const offered = (...words: string[]): string[] => {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const script = `${completionScript("bash", commands)}
COMP_WORDS=(ostiary ${quoted}); COMP_CWORD=${words.length}; _ostiary; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8" })
    .split("\n")
    .filter((word) => word !== "");
};

test("bash completes commands, their second word, and options", () => {
  expect(offered("id")).toEqual(["identities"]);
  expect(offered("")).toEqual(expect.arrayContaining(["serve", "identities", "completion", "help"]));
  expect(offered("identities", "ex")).toEqual(["export"]);
  expect(offered("sessions", "")).toEqual(["list", "get", "disable", "delete", "extend"]);
  expect(offered("courier", "list", "--st")).toEqual(["--status"]);
  expect(offered("serve", "--d")).toEqual(["--dev", "--data-dir"]);
  expect(offered("completion", "z")).toEqual(["zsh"]);
});

test("bash completes files where one is due", () => {
  expect(offered("serve", "-c", "package.j")).toEqual(["package.json"]);
  expect(offered("identities", "import", "package.j")).toEqual(["package.json"]);
  for (const option of ["config", "from-config"])
    expect(completionScript("fish", commands)).toMatch(
      new RegExp(`'__fish_seen_subcommand_from move-in' -l ${option} -r -F$`, "m"),
    );
});

test("every command and option is in the scripts of all shells", () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(shell, commands);
    for (const { name, options } of commands)
      for (const word of [...name.split(" "), ...Object.keys(options)]) expect(script).toContain(word);
  }
});

test("a shell that nobody has heard of is a mistake", () => {
  const { status, stderr } = spawnSync(process.execPath, ["src/main.ts", "completion", "tcsh"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([1, "ostiary: name one of bash, zsh, fish\n"]);
});
