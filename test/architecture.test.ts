import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { readImportTable } from "./architecture/import-table.ts";

/*
 * Who may import whom, and where files are. The table is that of
 * ARCHITECTURE.md; a change that needs another row has the wrong design.
 */

const root = path.resolve(import.meta.dirname, "..");

/** Every TypeScript file below some folders, as paths from the root. */
const filesIn = (...folders: readonly string[]): string[] =>
  folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !path.basename(name).startsWith("."))
      .map((name) => path.join(folder, name)),
  );
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const foldersIn = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/* --- the table -------------------------------------------------------------- */

const mayImport = readImportTable(read("ARCHITECTURE.md"));

/** Libraries that know of HTTP; what decides knows nothing of it. */
const ofHttp = /^(?:fastify|@fastify\/.*|node:http2?|@connectrpc\/connect-.*)$/;
const protocolsOnly = ["server", "server/listeners.ts", "hosted", "app.ts", "main.ts", "cli"];

/* --- import lines ------------------------------------------------------------ */

/** What flows have in common, as parts of their own. */
const flowParts = [
  "flows/module.ts",
  "flows/address-flows.ts",
  "flows/renders.ts",
  "flows/pipeline.ts",
  "flows/shared",
  "flows/authentication",
  "flows/redirect",
  "flows/challenge",
];

/** The part of the project that a file belongs to, and which of its kind. */
const partOf = (file: string): { readonly part: string; readonly name: string } => {
  const [top = "", first = "", second] = file.split("/").slice(1);
  if (!file.startsWith("src/")) return { part: top === "" ? file : (file.split("/")[0] ?? ""), name: "" };
  if (first === "") return { part: top, name: "" };
  if (top === "methods" && second !== undefined && first !== "contract")
    return { part: "methods/<method>", name: first };
  if (top === "flows" && !flowParts.includes(`flows/${first}`)) return { part: "flows/<flow>", name: first };
  if (top === "hooks" && !["phases.ts", "runner.ts", "index.ts", "module.ts"].includes(first))
    return { part: "hooks/<hook>", name: first };
  return { part: mayImport.has(`${top}/${first}`) ? `${top}/${first}` : top, name: "" };
};

interface Import {
  readonly from: string;
  /** A path from the root, or the name of a package. */
  readonly to: string;
  readonly isType: boolean;
}

const lines = /^(?:import|export)\s+(type\s+)?(?:[\w*$\s{},]+\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;

const importsOf = (file: string): Import[] =>
  [...read(file).matchAll(lines)].map(([, type, named, dynamic]) => {
    const to = named ?? dynamic ?? "";
    return { from: file, to: to.startsWith(".") ? path.join(path.dirname(file), to) : to, isType: type !== undefined };
  });

const imports = filesIn("src").flatMap(importsOf);
const say = ({ from, to }: Import): string => `${from} imports ${to}`;

const isAllowed = ({ from, to, isType }: Import): boolean => {
  const [source, target] = [partOf(from), partOf(to)];
  if (source.part === target.part && source.name === target.name) return true;
  const allowed = mayImport.get(source.part);
  if (allowed === undefined) return false;
  if (allowed.kind === "everything") return !allowed.but.includes(target.part);
  if (target.part === "config" && !isType) return false;
  // Never another method, another flow or another hook.
  return source.part !== target.part && allowed.parts.includes(target.part);
};

describe("who imports whom", () => {
  it("is what the table allows", () => {
    const ours = imports.filter(({ to }) => to.startsWith("src/") || to.startsWith("gen/"));
    expect(ours.length).toBeGreaterThan(500);
    expect(ours.filter((each) => !isAllowed(each)).map(say)).toEqual([]);
  });

  it("leaves tests and scripts out of the server", () => {
    expect(imports.filter(({ to }) => /^(?:test|scripts|bench|examples)\//.test(to)).map(say)).toEqual([]);
  });

  it("keeps HTTP to the protocols: what decides sees calls and messages", () => {
    // What asks other servers is a client of HTTP.
    const isClient = (from: string) => from.startsWith("src/lib/outbound/");
    const inside = imports.filter(
      ({ from, to, isType }) =>
        ofHttp.test(to) && !isType && !protocolsOnly.includes(partOf(from).part) && !isClient(from),
    );
    expect(inside.map(say)).toEqual([]);
  });

  it("lets generated code know the library that it was generated for, and nothing else", () => {
    const others = filesIn("gen")
      .flatMap(importsOf)
      .filter(({ to }) => !to.startsWith("gen/") && !to.startsWith("@bufbuild/protobuf"));
    expect(others.map(say)).toEqual([]);
  });

  it.each([
    ["src/lib/a.ts", "src/errors/table.ts"],
    ["src/flows/login/a.ts", "src/flows/settings/b.ts"],
    ["src/flows/login/a.ts", "src/methods/password/b.ts"],
    ["src/methods/password/a.ts", "src/methods/profile/b.ts"],
    ["src/methods/password/a.ts", "src/flows/shared/flow.ts"],
    ["src/flows/shared/a.ts", "src/flows/login/b.ts"],
    ["src/hooks/session.ts", "src/methods/contract/settings.ts"],
    ["src/server/rest/a.ts", "src/session/session.ts"],
    ["src/hosted/a.ts", "src/ui/node.ts"],
    ["src/db/a.ts", "src/identity/identity.ts"],
    ["src/jobs/a.ts", "src/session/store.ts"],
    ["src/flows/settings/a.ts", "src/config/load.ts"],
    ["src/app.ts", "src/cli/a.ts"],
  ])("would not let %s import %s", (from, to) => {
    expect(isAllowed({ from, to, isType: false })).toBe(false);
  });

  it("has a row for every part there is", () => {
    const parts = new Set(filesIn("src").map((file) => partOf(file).part));
    expect([...parts].filter((part) => !mayImport.has(part))).toEqual([]);
  });

  it("has no row, and names no part, that there is not", () => {
    const parts = new Set(["gen", ...filesIn("src").map((file) => partOf(file).part)]);
    const named = [...mayImport].flatMap(([part, row]) => [part, ...(row.kind === "parts" ? row.parts : row.but)]);
    expect([...new Set(named)].filter((part) => !parts.has(part))).toEqual([]);
  });
});

describe("where things stand", () => {
  const words = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");

  it("the REST gateway names no flow, no method and no message of theirs", () => {
    const general = "error schema shared authentication redirect challenge contract code link".split(" ");
    const own = [...foldersIn("src/flows"), ...foldersIn("src/methods"), "recovery", "verification"].filter(
      (name) => !general.includes(name),
    );
    const names = new RegExp(`\\b(?:${own.join("|")})\\b`, "i");
    for (const file of filesIn("src/server/rest"))
      expect([file, names.exec(words(read(file)))?.[0]]).toEqual([file, undefined]);
  });

  it("every folder that is a method stands in the list", () => {
    const listed = importsOf("src/methods/index.ts").map(({ to }) => partOf(to).name);
    const methods = foldersIn("src/methods").filter((name) => name !== "contract");
    expect(methods.filter((method) => !listed.includes(method))).toEqual([]);
  });

  it("every part of a method stands in the list of its flow, under the method's name", () => {
    const list = read("src/methods/index.ts");
    /** The keys of the object of a flow, at whatever depth its list begins. */
    const listedIn = (flow: string): readonly string[] =>
      [
        ...list.matchAll(new RegExp(`^( +)(?:const )?${flow}(?:: [^={]+ =|:) \\{\\n([\\s\\S]*?)\\n\\1\\}`, "gm")),
      ].flatMap(([, , body = ""]) => [...body.matchAll(/^ +(\w+):/gm)].map(([, key = ""]) => key));
    const parts = foldersIn("src/methods")
      .filter((folder) => folder !== "contract")
      .flatMap((folder) =>
        readdirSync(path.join(root, "src/methods", folder)).flatMap((file) => {
          const [, name = folder, flow] =
            /^(?:(\w+)-)?(settings|login|registration|verification|recovery)\.ts$/.exec(file) ?? [];
          return flow === undefined ? [] : [{ flow, method: name.replace("-", "_") }];
        }),
      );
    expect(parts).toEqual(
      expect.arrayContaining([
        { flow: "recovery", method: "link" },
        { flow: "settings", method: "passkey" },
        { flow: "settings", method: "webauthn" },
        { flow: "login", method: "identifier_first" },
      ]),
    );
    expect(parts.filter(({ flow, method }) => !listedIn(flow).includes(method))).toEqual([]);
  });

  it("every hook stands in the list", () => {
    const hooks = readdirSync(path.join(root, "src/hooks")).filter(
      (name) => !["phases.ts", "runner.ts", "index.ts", "module.ts"].includes(name),
    );
    const listed = importsOf("src/hooks/index.ts").map(({ to }) => partOf(to).name);
    for (const hook of hooks) expect(listed).toContain(hook);
  });

  it("the flows that are forms have files of the same names", () => {
    const forms = foldersIn("src/flows").filter((flow) =>
      readdirSync(path.join(root, "src/flows", flow)).includes("create.ts"),
    );
    expect(forms).toEqual(expect.arrayContaining(["login", "registration", "settings"]));
    for (const flow of forms)
      expect(readdirSync(path.join(root, "src/flows", flow))).toEqual(
        expect.arrayContaining(["create.ts", "deps.ts", "get.ts", "render.ts", "service.ts", "update.ts"]),
      );
  });

  it("every folder of flows has its service", () => {
    for (const flow of foldersIn("src/flows").filter(
      (name) => !["shared", "authentication", "challenge", "error", "logout"].includes(name),
    ))
      expect(readdirSync(path.join(root, "src/flows", flow))).toContain("service.ts");
  });
});

describe("every file", () => {
  const code = filesIn("src", "scripts", "bench");
  const tests = filesIn("test");

  it("is short enough to be read at once: 300 lines, a list of test cases 500", () => {
    const long = (files: readonly string[], most: number) =>
      files.map((file) => [file, read(file).split("\n").length - 1] as const).filter(([, count]) => count > most);
    expect(long(code, 300)).toEqual([]);
    expect(long(["src/app.ts"], 100)).toEqual([]);
    expect(long(tests, 500)).toEqual([]);
  });

  it("is typed: nothing is any, and no mistake is silenced", () => {
    const silenced = /(?::|\bas|<|\|)\s*any\b(?!")|\bany\[\]|@ts-(?:ignore|expect-error|nocheck)/;
    const found = [...code, ...tests]
      .filter((file) => file !== "test/architecture.test.ts")
      .flatMap((file) =>
        read(file)
          .split("\n")
          .filter(
            (line) =>
              !/^\s*(?:\/?\*|\/\/)/.test(line) && silenced.test(line.replaceAll(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, '""')),
          )
          .map((line) => `${file}: ${line.trim()}`),
      );
    expect(found).toEqual([]);
  });

  it("that tests, tests: nothing is skipped, singled out or put off", () => {
    const put = /\b(?:it|test|describe|suite)\.(?:skip|only|todo|skipIf|runIf|fails)\b/;
    expect(tests.filter((file) => put.test(read(file)))).toEqual([]);
  });
});
