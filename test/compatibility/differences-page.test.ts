import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";

interface Accepted {
  readonly where: string;
  readonly why: string;
}

it("every accepted difference has its row on the page of differences", async () => {
  const accepted = JSON.parse(await readFile(new URL("accepted.json", import.meta.url), "utf8")) as readonly Accepted[];
  const page = await readFile(new URL("../../docs/differences-from-ory-kratos.md", import.meta.url), "utf8");
  const rows = new Set(page.split("\n").flatMap((line) => /^\| ([^|]+) \|/.exec(line)?.[1]?.trim() ?? []));
  expect(accepted.filter(({ why }) => !rows.has(why))).toEqual([]);
});
