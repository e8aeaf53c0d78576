import { readFile, writeFile } from "node:fs/promises";
import { eventTypes } from "../src/audit/event-types.ts";

/* Writes the table of types in docs/events.md from the list itself; the rest of the page is written by hand. */

const target = new URL("../docs/events.md", import.meta.url);

const code = (text: string): string => `\`${text}\``;
const rows: readonly string[] = Object.entries(eventTypes).map(
  ([type, { subject, fields }]) => `| ${code(type)} | ${subject} | ${fields.map(code).join(", ")} |`,
);

/** Gives the page with the table as it should be. Throws where the page has none. */
export const renderEventDocs = (page: string): string => {
  const table = /(?<=^\| type \|.*\n\|(?:---\|)+\n)(?:\|.*\n)+/m;
  if (!table.test(page)) throw new Error("docs/events.md has no table of types");
  return page.replace(table, () => `${rows.join("\n")}\n`);
};

if (import.meta.main) await writeFile(target, renderEventDocs(await readFile(target, "utf8")));
