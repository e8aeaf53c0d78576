import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { renderMessageDocs } from "../../../scripts/generate-message-docs.ts";

it("docs/messages.md lists every text of every catalogue once (node scripts/generate-message-docs.ts)", async () => {
  expect(await readFile(new URL("../../../docs/messages.md", import.meta.url), "utf8")).toBe(await renderMessageDocs());
});
