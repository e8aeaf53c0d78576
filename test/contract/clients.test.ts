import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate as official } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/* What docs/clients promises to those who copy the protos. */

const root = path.resolve(import.meta.dirname, "../..");
const clients = path.join(root, "docs/clients");
const run = promisify(execFile);
const buf = (...args: string[]) => run(path.join(root, "node_modules/.bin/buf"), args, { cwd: folder });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "clients-"));
  for (const name of ["proto", "third_party"])
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  for (const name of readdirSync(clients)) cpSync(path.join(clients, name), path.join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a folder with nothing but the protos and what the page names", () => {
  it("is built as it is", { timeout: 60_000 }, async () => {
    await expect(buf("build")).resolves.toBeDefined();
  });

  it("generates a client", { timeout: 60_000 }, async () => {
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    await buf("generate", "--template", "buf.gen.typescript.yaml");
    const made = readdirSync(path.join(folder, "gen"), { recursive: true, encoding: "utf8" });
    expect(made).toContain("ostiary/session/v1/session_service_pb.ts");
  });

  it("has a template and a row on the page for every language", () => {
    const page = readFileSync(path.join(clients, "README.md"), "utf8");
    const templates = readdirSync(clients).filter((name) => name.startsWith("buf.gen."));
    expect(templates).toHaveLength(7);
    expect(templates.filter((name) => !page.includes(`](${name})`))).toEqual([]);
  });
});

/** A file without what a printed text cannot keep: comments, and the order of fields beside and in oneofs. */
const comparable = (proto: FileDescriptorProto): unknown => {
  const plain = (value: unknown, key = ""): unknown => {
    if (key === "sourceCodeInfo" || key === "syntax" || key === "jsonName") return undefined;
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    if (Array.isArray(value)) {
      const items = value.map((item) => plain(item));
      return key === "field" ? items.toSorted((a, b) => numberOf(a) - numberOf(b)) : items;
    }
    if (typeof value !== "object" || value === null) return typeof value === "bigint" ? String(value) : value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, member]) => {
        const shown = plain(member, name);
        return shown === undefined ? [] : [[name, shown]];
      }),
    );
  };
  return plain(proto);
};

const numberOf = (field: unknown): number => (field as { readonly number: number }).number;

it("buf/validate/validate.proto, printed from the package's descriptor, is compiled to that descriptor", async () => {
  const { stdout } = await run(
    path.join(root, "node_modules/.bin/buf"),
    ["build", "third_party", "--as-file-descriptor-set", "-o", "-"],
    { cwd: root, encoding: "buffer", maxBuffer: 10_000_000 },
  );
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, stdout));
  const printed = registry.getFile("buf/validate/validate.proto");
  if (printed === undefined) throw new Error("there is no such file");
  expect(comparable(printed.proto)).toEqual(comparable(official.proto));
});
