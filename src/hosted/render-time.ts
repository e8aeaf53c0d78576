import { type Html, html } from "./html.ts";
import type { Texts } from "./texts.ts";

/** A moment, in UTC until a script makes it the reader's own time. */
export const renderTime = (iso: string, texts: Texts): Html =>
  html`<time datetime="${iso}" data-local>${texts.instant(iso)}</time>`;
