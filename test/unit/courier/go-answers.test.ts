import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compileTemplate } from "../../../src/courier/go-template/compile.ts";
import { anyShape } from "../../../src/courier/go-template/shape.ts";
import type { Value } from "../../../src/courier/go-template/value.ts";

/* What Go 1.26 makes of these templates, with text/template and html/template. */
interface Answers {
  readonly data: Readonly<Record<string, Value>>;
  readonly rows: readonly { readonly kind: "html" | "text"; readonly template: string; readonly answer: string }[];
}
const { data, rows } = JSON.parse(readFileSync(new URL("./go-answers.json", import.meta.url), "utf8")) as Answers;
const now = new Date("2026-11-27T09:05:07Z");

it.each(rows)("of $kind says what Go says: $template", ({ kind, template, answer }) => {
  const compiled = compileTemplate(template, { kind, data: anyShape });
  // The server gives a whole number here; the others are of JSON.
  expect(compiled.render({ ...data, ExpiresInMinutes: 10n }, now)).toBe(answer);
});
