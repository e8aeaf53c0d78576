import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

/*
 * What is exported has a doc comment, and a comment that cites a page cites one that is there.
 */

const declaration = /(?:const|(?:async )?function\*?|class|interface|type) \w+/.source;
const comment = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n/.source;
const exported = new RegExp(`(${comment})?(?:^//.*\n)*^(export ${declaration})`, "gm");

/** Declarations without a doc comment. */
const undescribed = (text: string): readonly string[] =>
  [...text.matchAll(exported)].flatMap(([, comment = "", declaration = ""]) =>
    /^\/\*\*[\s*]*[^\s*/]/.test(comment) ? [] : [declaration],
  );

/** `docs/hooks.md`, and of the page of compatibility the number of the rule. */
const citation = /\b(docs\/[\w/-]+\.md)(?:,\s+(?:\*\s+|\/\/\s+)?rule\s+(?:\*\s+|\/\/\s+)?(\d+))?/g;

const rules = new Set([...read("docs/compatibility.md").matchAll(/^(\d+)\. \*\*/gm)].map(([, number]) => number));

const unknownPages = (file: string, text: string): readonly string[] =>
  [...text.matchAll(citation)].flatMap(([cited, page = "", rule]) =>
    existsSync(page) && (rule === undefined || (page === "docs/compatibility.md" && rules.has(rule)))
      ? []
      : [`${file}: ${cited}`],
  );

describe("doc comments", () => {
  it("stand at everything that is exported", () => {
    const found = filesBelow(["src"], [".ts"]).flatMap((file) =>
      undescribed(read(file)).map((declaration) => `${file}: ${declaration}`),
    );
    expect(found).toEqual([]);
  });

  it.each([
    ["export const a = 1;", 1],
    ["// One.\nexport function a() {}", 1],
    ["/** */\nexport interface A {}", 1],
    ["/** One. */\nconst b = 1;\nexport type A = 1;", 1],
    ["/** One. */\nexport const a = 1;", 0],
    ["/**\n * One. @throws NOT_FOUND\n */\nexport interface A {}", 0],
  ])("of %j are missed as often as they are missing", (text, count) => {
    expect(undescribed(text)).toHaveLength(count);
  });
});

describe("pages that sources cite", () => {
  it("are there, with the rule", () => {
    expect(rules.size).toBeGreaterThan(30);
    const files = filesBelow(
      ["src", "proto", "test", "scripts", "bench", "packages"],
      [".ts", ".tsx", ".mjs", ".proto"],
    );
    const ours = files.filter((file) => file !== "test/architecture/comments.test.ts");
    expect(ours.flatMap((file) => unknownPages(file, read(file)))).toEqual([]);
  });

  it.each([
    ["docs/no-such-page.md", 1],
    ["docs/compatibility.md, rule 999", 1],
    ["docs/compatibility.md,\n * rule 1", 0],
    ["docs/hooks.md", 0],
  ])("%j has so many that are not there: %i", (text, count) => {
    expect(unknownPages("a.ts", text)).toHaveLength(count);
  });
});
