import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The stylesheet of all pages. */
export interface Stylesheet {
  readonly text: string;
  /** Changes when the text does. */
  readonly etag: string;
}

/** One after the other: the page and its texts, then what forms are made of. */
const files = ["style.css", "style-forms.css"];

/** Reads the stylesheet, once. */
export const readStylesheet = (): Stylesheet => {
  const text = files.map((file) => readFileSync(new URL(file, import.meta.url), "utf8")).join("\n");
  return { text, etag: `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"` };
};
