import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { eventSchemaVersion, eventTypes } from "../../../src/audit/event-types.ts";

const page = readFileSync(new URL("../../../docs/events.md", import.meta.url), "utf8");

it("docs/events.md has the list of types as it is", () => {
  const rows = Object.entries(eventTypes).map(
    ([type, { subject, fields }]) =>
      `| \`${type}\` | ${subject} | ${fields.map((field) => `\`${field}\``).join(", ")} |`,
  );
  const shown = page.split("\n").filter((line) => /^\| `[a-z_]+\.[a-z_]+` \|/.test(line));
  expect(shown).toEqual(rows);
});

it("no type came with a version of the schema that is not there yet", () => {
  for (const { since } of Object.values(eventTypes)) expect(since).toBeLessThanOrEqual(eventSchemaVersion);
});
