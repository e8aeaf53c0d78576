import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/*
 * Holds the coverage of a whole run against test/coverage.json: what was reached
 * once is not lost again. `make cover` runs it after the tests; with --raise it
 * writes down what is reached now.
 */

const root = path.resolve(import.meta.dirname, "..");
const summary = path.join(root, ".cache/coverage/coverage-summary.json");
const ratchet = path.join(root, "test/coverage.json");

interface Count {
  readonly total: number;
  readonly covered: number;
}
const kinds = ["lines", "branches", "functions"] as const;
type Counts = Readonly<Record<(typeof kinds)[number], Count>>;
type Shares = Readonly<Record<(typeof kinds)[number], number>>;

/** Percent that may be lost: races take another branch from run to run. */
const slack = 0.3;

const files = JSON.parse(readFileSync(summary, "utf8")) as Readonly<Record<string, Counts>>;
const accepted: Readonly<Record<string, Shares>> = existsSync(ratchet) ? JSON.parse(readFileSync(ratchet, "utf8")) : {};

const folderOf = (file: string): string => path.relative(root, file).split("/").slice(0, 2).join("/");
const byFolder = Map.groupBy(
  Object.entries(files).filter(([file]) => file !== "total"),
  ([file]) => folderOf(file),
);
const shareOf = (entries: readonly (readonly [string, Counts])[], kind: (typeof kinds)[number]): number => {
  const sum = (count: keyof Count) => entries.reduce((total, [, counts]) => total + counts[kind][count], 0);
  return Math.round((sum("covered") / Math.max(1, sum("total"))) * 10_000) / 100;
};
const now: Record<string, Shares> = Object.fromEntries(
  [...byFolder]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([folder, entries]) => [
      folder,
      {
        lines: shareOf(entries, "lines"),
        branches: shareOf(entries, "branches"),
        functions: shareOf(entries, "functions"),
      },
    ]),
);

const lost = Object.entries(accepted).flatMap(([folder, shares]) =>
  kinds
    .filter((kind) => (now[folder]?.[kind] ?? 0) < shares[kind] - slack)
    .map((kind) => `${folder}: ${now[folder]?.[kind] ?? 0} % of ${kind} are covered, and ${shares[kind]} % were`),
);
console.table(now);
if (process.argv[2] === "--raise") {
  const raised = Object.entries(now).map(([folder, shares]) => [
    folder,
    Object.fromEntries(kinds.map((kind) => [kind, Math.max(shares[kind], accepted[folder]?.[kind] ?? 0)])),
  ]);
  writeFileSync(ratchet, `${JSON.stringify(Object.fromEntries(raised), null, 2)}\n`);
} else if (!existsSync(ratchet)) {
  console.error("There is nothing to hold the coverage to: make cover ARGS=--raise writes test/coverage.json");
  process.exitCode = 1;
} else if (lost.length > 0) {
  for (const each of lost) console.error(each);
  process.exitCode = 1;
}
