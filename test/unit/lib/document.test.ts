import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAddressRules } from "../../../src/lib/outbound/address-rules.ts";
import { createGetDocument, readDocument, readLocalDocument } from "../../../src/lib/outbound/document.ts";
import { createOutboundFetch } from "../../../src/lib/outbound/outbound-fetch.ts";

const limit = 1_048_576;
const text = "märchen";
const get = createGetDocument(createAddressRules(), createOutboundFetch());
const inBase64 = (document: string) => `base64://${Buffer.from(document).toString("base64")}`;

const folder = mkdtempSync(path.join(tmpdir(), "documents-"));
const inFile = (name: string, document: string) => {
  writeFileSync(path.join(folder, name), document);
  return pathToFileURL(path.join(folder, name)).href;
};

const server = createServer((request, response) => {
  if (request.url === "/moved") response.writeHead(302, { location: "/text" }).end();
  else if (request.url === "/text") response.end(text);
  else response.end("x".repeat(Number(request.url?.slice(1))));
});
let origin = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const sources: readonly (readonly [string, (document: string) => string])[] = [
  ["base64", inBase64],
  ["a file", (document) => inFile(`${document.length}.txt`, document)],
  ["a server", (document) => `${origin}/${document === text ? "text" : document.length}`],
];

describe.each(sources)("a document in %s", (name, at) => {
  it("is read as UTF-8, and up to its limit", async () => {
    expect(await readDocument(at(text), get)).toBe(text);
    expect((await readDocument(at("x".repeat(limit)), get)).length).toBe(limit);
    if (name !== "a server") expect(readLocalDocument(at(text))).toBe(text);
  });

  it("is refused where it is larger, and not quoted", async () => {
    const failed = await readDocument(at("x".repeat(limit + 1)), get).catch((error: Error) => error.message);
    expect(failed).toBe(`is larger than ${limit} bytes`);
    if (name !== "a server") expect(() => readLocalDocument(at("x".repeat(limit + 1)))).toThrow("is larger than");
  });
});

describe("a document", () => {
  it("comes from nowhere else", async () => {
    await expect(readDocument("ftp://127.0.0.1/x", get)).rejects.toThrow("not ftp://");
    expect(readLocalDocument(`${origin}/text`)).toBeUndefined();
  });

  it("is not what its server sends us on to", async () => {
    await expect(readDocument(`${origin}/moved`, get)).rejects.toThrow("the server answered 302");
  });

  it("does not cross the public Internet in the clear", async () => {
    await expect(readDocument("http://example.com/x", get)).rejects.toThrow("use https");
  });
});
