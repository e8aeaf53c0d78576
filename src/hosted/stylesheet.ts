import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The stylesheet of all pages. */
export interface Stylesheet {
  readonly text: string;
  /** Changes when the text does. */
  readonly etag: string;
}

/** Reads the stylesheet, once. */
export const readStylesheet = (): Stylesheet => {
  const text = readFileSync(new URL("style.css", import.meta.url), "utf8");
  return { text, etag: `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"` };
};
