import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { inTurn, root, run, wheels } from "./toolchains.ts";

/*
 * The pages of docs/clients, done as they say: in a folder that has nothing but
 * the protos and what the page names, its commands are run and its programs call
 * a server.
 */

const pages = path.join(root, "docs/clients");

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

/** A block of a page: what it is, the file that it is the text of, if any, and the text. */
interface Block {
  readonly language: string;
  readonly file: string | undefined;
  readonly text: string;
}

const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, language = "", file, text = ""]) => ({
    language,
    file,
    text,
  }));

const machine = process.arch === "arm64" ? "linux-aarch_64" : "linux-x86_64";

/** Does what a page says, and gives what its commands printed. */
const follow = async (language: string, more?: (folder: string) => Promise<unknown>): Promise<string> => {
  const folder = mkdtempSync(path.join(tmpdir(), `${language}-`));
  try {
    for (const name of ["proto", "third_party"])
      cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
    for (const name of ["buf.yaml", `buf.gen.${language}.yaml`])
      if (existsSync(path.join(pages, name))) cpSync(path.join(pages, name), path.join(folder, name));
    const blocks = blocksOf(readFileSync(path.join(pages, `${language}.md`), "utf8"));
    for (const { file, text } of blocks) {
      if (file === undefined) continue;
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
    const commands = blocks.filter((block) => block.language === "sh").map(({ text }) => text);
    const env = language === "python" ? (await wheels()).env : {};
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const script = ["set -eu", ...commands].join("\n").replace("MACHINE=linux-x86_64", `MACHINE=${machine}`);
    const printed = await run("sh", ["-c", script], {
      cwd: folder,
      env: { TOKEN: visitor.credentials.token ?? "", OSTIARY: new URL(server.url).host, ...env },
    });
    await more?.(folder);
    return stripVTControlCharacters(printed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const compileTypes = (folder: string) =>
  run(
    "tsc",
    (
      "--noEmit --strict --skipLibCheck --module nodenext --target es2024 --allowImportingTsExtensions --types " +
      "node main.ts"
    )
      .split(" ")
      .toSpliced(1, 0, "--typeRoots", path.join(root, "node_modules/@types"), "--ignoreConfig"),
    { cwd: folder },
  );

// Much of it is waiting for registries: meanwhile another language is compiled.
describe("a new program follows the page and makes its first calls", () => {
  it.concurrent.each([
    ["kotlin", undefined],
    ["typescript", compileTypes],
    ["python", undefined],
    ["go", undefined],
    ["java", undefined],
  ] as const)("%s", { timeout: 600_000 }, async (language, more) => {
    const printed = await inTurn(language, () => follow(language, more));
    expect(printed).toMatch(/^I am \S+@example\.com$/m);
    expect(printed).toMatch(/^saved [\s\S]*Ann/m);
    expect(printed).toMatch(/refused.*(?:INVALID_?ARGUMENT|InvalidArgument)[\s\S]*FORM_REJECTED/i);
    expect(printed).toMatch(/4000032/);
  });
});

describe("the page of contents", () => {
  const contents = readFileSync(path.join(pages, "README.md"), "utf8");

  it("names every page and every template", () => {
    const names = ["typescript", "go", "python", "java", "kotlin", "others"].map((name) => `](${name}.md)`);
    expect(names.filter((name) => !contents.includes(name))).toEqual([]);
  });
});

it("the page of Go names the versions of examples/go, whose packages are compiled for both", () => {
  const versions = (text: string) => text.match(/^\t\S+ v\S+$/gm);
  const page = versions(readFileSync(path.join(pages, "go.md"), "utf8"));
  expect(page).toHaveLength(3);
  expect(page).toEqual(versions(readFileSync(path.join(root, "examples/go/go.mod"), "utf8")));
});
