import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

const pages = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "API_DESIGN.md"],
  ...filesBelow(["docs", "examples", "packages"], [".md"]),
];

/** Files that a page names and that only a command of the page makes. */
const madeLater = ["bench/results/latest.json"];

const isThere = (file: string): boolean => madeLater.includes(file) || existsSync(path.resolve(file));

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");

const anchorsOf = (page: string): readonly string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));

const deadLinks = (page: string): readonly string[] =>
  [...read(page).matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([link, to = "", anchor]) => {
    if (/^[a-z]+:/.test(to)) return [];
    const file = to === "" ? page : path.join(path.dirname(page), to);
    const isAlive =
      isThere(file) && (anchor === undefined || !file.endsWith(".md") || anchorsOf(file).includes(anchor));
    return isAlive ? [] : [`${page}: ${link}`];
  });

const unknownPaths = (page: string): readonly string[] =>
  [...read(page).matchAll(/`((?:src|test|bench|scripts|docs|proto|config|gen|packages|examples)\/[\w./-]+)`/g)].flatMap(
    ([, named = ""]) => (isThere(named) || named.includes("NNNN") ? [] : [`${page}: ${named}`]),
  );

describe("pages", () => {
  it("link to files and headings that exist", () => {
    expect(pages.flatMap(deadLinks)).toEqual([]);
  });

  it("name files and folders that exist", () => {
    expect(pages.flatMap(unknownPaths)).toEqual([]);
  });
});
