/** A step in which a value is made fit for where it stands. */
export type Escaper = "html" | "query" | "srcset" | "style" | "text" | "url" | "urlquery" | "urlFilter";

const escapeWith = (signs: RegExp) => (text: string) => text.replace(signs, (sign) => entities[sign] ?? sign);

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "+": "&#43;",
  '"': "&#34;",
  "'": "&#39;",
  "\0": "\ufffd",
};

/** As the function `html` of Go's templates has it. */
export const escapeHtml = escapeWith(/[&<>"'\0]/g);

/** A word to search for: a value was left out, since it would have been something else than it may be. */
const refused = "ZgotmplZ";

const isSafeUrl = (text: string): boolean => {
  const scheme = /^([^:]*):/s.exec(text)?.[1];
  return scheme === undefined || scheme.includes("/") || /^(?:https?|mailto)$/i.test(scheme);
};

const percent = (text: string): string => text.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
/** Percent-encoding in small letters. */
const small = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

/** A text as part of the query of a URL, with `+` for spaces, as Go's `url.QueryEscape`. */
export const escapeQuery = (text: string): string =>
  percent(encode(text)).replace(/%[0-9a-f]{2}/gi, (code) => (code === "%20" ? "+" : code.toUpperCase()));

/** A URL with what cannot stand in one encoded, and what is encoded as it is. */
const normalizeUrl = (text: string): string =>
  text.replace(/%[0-9a-f]{2}|%|[^!#$%&*+,/:;=?@[\]\-._~a-z0-9]+/gi, (part) =>
    /^%[0-9a-f]{2}$/i.test(part) ? part : small(percent(encode(part)).replaceAll("%2A", "*")),
  );

const filterSource = (source: string): string => {
  const [, before = "", url = "", rest = ""] = /^([\t\n\f\r ]*)([^\t\n\f\r ]*)([\s\S]*)$/.exec(source) ?? [];
  return isSafeUrl(url) && /^[\t\n\f\r a-z0-9]*$/i.test(rest) ? before + normalizeUrl(url) + rest : `#${refused}`;
};

const isSafeStyle = (text: string): boolean =>
  !/[\0"'()/;@[\\\]`{}<>]|--/.test(text) && !/expression|mozbinding/i.test(text.replace(/[^\w\u0080-\uffff]/g, ""));

const steps: Readonly<Record<Escaper, (text: string) => string>> = {
  html: escapeHtml,
  text: escapeWith(/[&<>"'+\0]/g),
  urlFilter: (text) => (isSafeUrl(text) ? text : `#${refused}`),
  url: normalizeUrl,
  query: (text) => small(percent(encode(text))),
  urlquery: escapeQuery,
  srcset: (text) => text.split(",").map(filterSource).join(","),
  style: (text) => (isSafeStyle(text) ? text : refused),
};

/** Makes a value fit for where it stands, step by step. */
export const escapeBy = (escapers: readonly Escaper[], text: string): string =>
  escapers.reduce((value, escaper) => steps[escaper](value), text);
