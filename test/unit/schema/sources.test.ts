import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadSchemas } from "../../../src/schema/sources.ts";
import { documentOf } from "./person.ts";

const json = JSON.stringify(documentOf({ properties: { a: { type: "string" } } }));
const base64 = (text: string) => `base64://${Buffer.from(text).toString("base64")}`;
const load = (...schemas: readonly (readonly [id: string, url: string])[]) =>
  loadSchemas(
    {
      default_schema_id: "default",
      schemas: schemas.map(([id, url]) => ({ id, url, selfservice_selectable: id !== "default" })),
    },
    { publicBaseUrl: "http://127.0.0.1:4433/" },
  );

describe("the schemas of a server", () => {
  let folder: string;
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ostiary-schemas-"));
    await writeFile(join(folder, "a.json"), json);
    await writeFile(join(folder, "large.json"), " ".repeat(1024 * 1024 + 1));
    server = createServer((request, response) => {
      if (request.url === "/a.json") response.end(json);
      else if (request.url === "/endless") {
        const more = (): void => {
          while (response.write("x".repeat(65_536)));
        };
        response.on("drain", more);
        more();
      } else response.writeHead(404).end();
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await rm(folder, { recursive: true });
  });

  const file = (name: string) => pathToFileURL(join(folder, name)).href;

  it("come from files, over HTTP and from the configuration itself", async () => {
    const schemas = await load(["default", base64(json)], ["file", file("a.json")], ["http", `${origin}/a.json`]);
    expect(schemas.list().map((schema) => [schema.id, schema.orderedKeys, schema.selectable])).toEqual([
      ["default", ["traits.a"], false],
      ["file", ["traits.a"], true],
      ["http", ["traits.a"], true],
    ]);
    expect(schemas.default).toBe(schemas.get("default"));
  });

  it("are found by their id, plain or in base64url", async () => {
    const schemas = await load(["default", base64(json)], ["a b/c", base64(json)]);
    expect(schemas.get("ZGVmYXVsdA")?.id).toBe("default");
    expect(schemas.get("YSBiL2M")?.id).toBe("a b/c");
    expect(schemas.get("a b/c")?.url).toBe("http://127.0.0.1:4433/schemas/YSBiL2M");
    for (const unknown of ["", "none", "bm9uZQ", "__proto__"]) expect(schemas.get(unknown)).toBeUndefined();
  });

  it("are there for whoever was kept with one, or it is told that one was lost", async () => {
    const schemas = await load(["default", base64(json)]);
    expect(schemas.must("default")).toBe(schemas.default);
    expect(() => schemas.must("lost")).toThrow('"lost"');
  });

  it("are all reported at once when they do not load", async () => {
    const failure = load(
      ["default", base64("{")],
      ["missing", file("none.json")],
      ["large", file("large.json")],
      ["gone", `${origin}/none`],
      ["endless", `${origin}/endless`],
      ["odd", "ftp://example.com/a.json"],
      ["wrong", base64("{}")],
    );
    const message = await failure.then(
      () => "",
      (error: unknown) => (error instanceof Error ? error.message : ""),
    );
    const lines = message.split("\n");
    expect(lines.map((line) => /^identity schema "(\w+)": (#\S*): /.exec(line)?.slice(1))).toEqual([
      ["default", "#"],
      ["missing", "#"],
      ["large", "#"],
      ["gone", "#"],
      ["endless", "#"],
      ["odd", "#"],
      ["wrong", "#/properties/traits"],
    ]);
    expect(lines[2]).toContain("larger than 1048576 bytes");
    expect(lines[3]).toContain("404");
    expect(lines[4]).toContain("larger than 1048576 bytes");
  });

  it("must include the default one, and none twice", async () => {
    await expect(load(["other", base64(json)])).rejects.toThrow('there is no schema "default"');
    await expect(load(["default", base64(json)], ["default", base64(json)])).rejects.toThrow("occurs twice");
  });
});
