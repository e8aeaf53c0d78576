import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

/*
 * Holds the coverage of a whole run against test/coverage.json: what was reached
 * once is not lost again. scripts/cover runs it after the tests; with --raise it
 * writes down what is reached now, where that is more.
 */

const root = path.resolve(import.meta.dirname, "..");
const summary = path.join(root, ".cache/coverage/coverage-summary.json");
const ratchet = path.join(root, "test/coverage.json");

interface Count {
  readonly total: number;
  readonly covered: number;
}
const kinds = ["lines", "branches", "functions"] as const;
type Kind = (typeof kinds)[number];
type Counts = Readonly<Record<Kind, Count>>;
type Shares = Readonly<Record<Kind, number>>;

/** Percent that may be lost: races take another branch from run to run. */
const slack = 0.3;
/** Files that are named of a folder that has lost some. */
const mostNamed = 5;

const read = (): Readonly<Record<string, Counts>> => {
  // A run that broke down leaves the report of the one before.
  if (!existsSync(summary) || Date.now() - statSync(summary).mtimeMs > 600_000)
    throw new Error("there is no report of a run of the last minutes: run `make cover`");
  return JSON.parse(readFileSync(summary, "utf8")) as Readonly<Record<string, Counts>>;
};

const files = Object.entries(read())
  .filter(([file]) => file !== "total")
  .map(([file, counts]) => ({ file: path.relative(root, file), counts }));
const accepted: Readonly<Record<string, Shares>> = existsSync(ratchet) ? JSON.parse(readFileSync(ratchet, "utf8")) : {};

const byFolder = Map.groupBy(files, ({ file }) => file.split("/").slice(0, 2).join("/"));
const shareOf = (folder: string, kind: Kind): number => {
  const sum = (count: keyof Count) =>
    (byFolder.get(folder) ?? []).reduce((total, { counts }) => total + counts[kind][count], 0);
  return Math.round((sum("covered") / Math.max(1, sum("total"))) * 10_000) / 100;
};
const now: Readonly<Record<string, Shares>> = Object.fromEntries(
  [...byFolder.keys()].toSorted().map((folder) => [
    folder,
    {
      lines: shareOf(folder, "lines"),
      branches: shareOf(folder, "branches"),
      functions: shareOf(folder, "functions"),
    },
  ]),
);

/** The files of a folder with the most of a kind that no test reaches. */
const leastReached = (folder: string, kind: Kind): readonly string[] =>
  (byFolder.get(folder) ?? [])
    .map(({ file, counts }) => ({ file, missed: counts[kind].total - counts[kind].covered }))
    .filter(({ missed }) => missed > 0)
    .toSorted((one, other) => other.missed - one.missed)
    .slice(0, mostNamed)
    .map(({ file, missed }) => `    ${file}: ${missed} ${kind} not reached`);

const lost = Object.entries(accepted).flatMap(([folder, shares]) => {
  const reached = now[folder];
  if (reached === undefined) return [`${folder} is in test/coverage.json and has no files: take it out`];
  return kinds
    .filter((kind) => reached[kind] < shares[kind] - slack)
    .flatMap((kind) => [
      `${folder}: ${reached[kind]} % of its ${kind} are reached; ${shares[kind]} % were`,
      ...leastReached(folder, kind),
    ]);
});
const unheld = Object.keys(now).filter((folder) => accepted[folder] === undefined);

console.table(now);
if (process.argv[2] === "--raise") {
  const raised = Object.entries(now).map(([folder, shares]) => [
    folder,
    Object.fromEntries(kinds.map((kind) => [kind, Math.max(shares[kind], accepted[folder]?.[kind] ?? 0)])),
  ]);
  writeFileSync(ratchet, `${JSON.stringify(Object.fromEntries(raised), null, 2)}\n`);
  console.log("test/coverage.json has what is reached now, where it is more than it was.");
} else if (lost.length > 0 || unheld.length > 0) {
  for (const each of lost) console.error(each);
  if (unheld.length > 0)
    console.error(`test/coverage.json does not have ${unheld.join(", ")}: make cover ARGS=--raise writes it`);
  if (lost.length > 0) console.error("Which lines: .cache/coverage/index.html. Write the test that reaches them.");
  process.exitCode = 1;
} else {
  console.log("Nothing that was reached before is lost.");
}
