import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, run } from "./toolchains.ts";

/* @ostiary/client as a package: what is in it, and what a bundler makes of it. */

const source = path.join(root, "packages/client");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "client-package-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How the descriptor of a file begins in generated code: its first field is the name, in base64. */
const descriptorOf = (name: string): string => {
  const bytes = Buffer.from([0x0a, name.length, ...Buffer.from(name)]);
  return bytes.subarray(0, bytes.length - (bytes.length % 3)).toString("base64");
};

it("packages of Connect have one version everywhere: those of different majors do not go together", () => {
  const manifests = ["package.json", ...globSync("{packages,examples}/*/package.json", { cwd: root })];
  const found = manifests.flatMap((name) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(path.join(root, name), "utf8")) as {
      readonly dependencies?: Readonly<Record<string, string>>;
      readonly devDependencies?: Readonly<Record<string, string>>;
    };
    return Object.entries({ ...dependencies, ...devDependencies }).filter(([each]) => each.startsWith("@connectrpc/"));
  });
  expect(new Set(found.map(([name]) => name))).toContain("@connectrpc/connect-web");
  expect([...new Set(found.map(([, version]) => version))]).toEqual(["2.1.2"]);
  const page = readFileSync(path.join(root, "docs/clients/typescript.md"), "utf8");
  expect(page).toContain("`connect-web` and `connect-node` 2.1.2 go with `connect` 2.1.2");
});

describe("@ostiary/client", () => {
  it("depends on nothing but Connect and its runtime", () => {
    const { dependencies } = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8")) as {
      readonly dependencies: object;
    };
    expect(Object.keys(dependencies)).toEqual(["@bufbuild/protobuf", "@connectrpc/connect"]);
  });

  it("is compiled, and runs as JavaScript in another project", { timeout: 60_000 }, async () => {
    const installed = path.join(folder, "node_modules/@ostiary/client");
    mkdirSync(path.dirname(installed), { recursive: true });
    cpSync(source, installed, { recursive: true });
    await run("tsc", ["-p", path.join(source, "tsconfig.build.json"), "--outDir", path.join(installed, "dist")]);
    const manifest = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8")) as {
      readonly publishConfig: object;
    };
    // As npm does when it publishes.
    writeFileSync(path.join(installed, "package.json"), JSON.stringify({ ...manifest, ...manifest.publishConfig }));
    for (const scope of ["@bufbuild", "@connectrpc"])
      symlinkSync(path.join(root, "node_modules", scope), path.join(folder, "node_modules", scope));
    const program = `
      import { createClient, createRestTransport, createSessions } from "@ostiary/client";
      import { SessionService } from "@ostiary/client/gen/session/v1/session_service";
      const fetch = async (url) => new Response(JSON.stringify({ id: "s", active: true, asked: url }), { status: 200 });
      const client = createClient({ transport: createRestTransport({ baseUrl: "https://id.example.com", fetch }) });
      const result = await createSessions(client).whoAmI();
      console.log(JSON.stringify([result.ok, result.value.id, result.value.active, SessionService.typeName]));`;
    writeFileSync(path.join(folder, "program.mjs"), program);
    const printed = await run(process.execPath, ["program.mjs"], { cwd: folder });
    expect(JSON.parse(printed)).toEqual([true, "s", true, "ostiary.session.v1.SessionService"]);
  });

  it("leaves out of a bundle what is not imported", { timeout: 60_000 }, async () => {
    const bundle = async (code: string): Promise<string> => {
      const entry = path.join(folder, "entry.js");
      writeFileSync(entry, code.replace("@ostiary/client", path.join(source, "src/index.ts")));
      const output = await build({
        root: folder,
        logLevel: "silent",
        build: { write: false, minify: true, lib: { entry, formats: ["es"] } },
      });
      const [{ output: [chunk] = [] } = {}] = (Array.isArray(output) ? output : [output]) as readonly {
        readonly output?: readonly { readonly code?: string }[];
      }[];
      return chunk?.code ?? "";
    };
    const sessions = await bundle(`export { createClient, createSessions } from "@ostiary/client";`);
    const all = await bundle(`export * from "@ostiary/client";`);
    const has = (code: string, service: string) =>
      code.includes(descriptorOf(`ostiary/${service}/v1/${service}_service.proto`));
    expect(has(sessions, "session")).toBe(true);
    for (const other of ["settings", "login", "registration"])
      expect([other, has(all, other), has(sessions, other)]).toEqual([other, true, false]);
    expect(sessions.length).toBeLessThan(all.length * 0.8);
  });
});
