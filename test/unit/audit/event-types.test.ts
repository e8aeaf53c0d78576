import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { renderEventDocs } from "../../../scripts/generate-event-docs.ts";
import { eventSchemaVersion, eventTypes } from "../../../src/audit/event-types.ts";

const page = readFileSync(new URL("../../../docs/events.md", import.meta.url), "utf8");

it("docs/events.md has the list of types as it is (scripts/generate-event-docs.ts writes it)", () => {
  expect(page).toBe(renderEventDocs(page));
  const shown = page.split("\n").filter((line) => /^\| `[a-z_]+\.[a-z_]+` \|/.test(line));
  expect(shown).toHaveLength(Object.keys(eventTypes).length);
  expect(page).toContain("| `session.ended` | One or more sessions were ended | `by`, `count`, `subject` |");
});

it("no type came with a version of the schema that is not there yet", () => {
  for (const { since } of Object.values(eventTypes)) expect(since).toBeLessThanOrEqual(eventSchemaVersion);
});
