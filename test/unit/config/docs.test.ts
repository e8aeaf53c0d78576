import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { listKeys, renderConfigDocs } from "../../../scripts/generate-config-docs.ts";

const page = readFileSync("docs/configuration.md", "utf8");

test("docs/configuration.md is what the schema says (scripts/generate-config-docs.ts writes it)", () => {
  expect(page).toBe(renderConfigDocs());
});

test("every key is on the page, with its meaning and default if the server acts on it", () => {
  for (const { name, toCome, node } of listKeys()) {
    if (toCome !== undefined) {
      expect(page).toContain(`- \`${toCome}\``);
      continue;
    }
    expect(page).toContain(`| \`${name}\` |`);
    expect(node.description, name).toMatch(/\S\.$/);
  }
});
