import type { HtmlContext } from "./html-context.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};
const escapeText = (text: string): string => text.replace(/[&<>"'\0]/g, (sign) => entities[sign] ?? "");

/** Escapes a value for the place in HTML that it stands in. Addresses other than those of web and mail are left out. */
export const escapeFor: Readonly<Record<HtmlContext, (text: string) => string>> = {
  text: escapeText,
  attribute: escapeText,
  url: (text) => {
    const scheme = /^[\s\0-\x20]*([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
    const isSafe = scheme === undefined || ["http", "https", "mailto", "tel"].includes(scheme);
    return isSafe ? escapeText(text) : "#";
  },
  style: (text) => (/^[\w #%.,-]*$/.test(text) ? text : ""),
};
