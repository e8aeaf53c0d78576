/** Texts, addresses and comments of a style sheet. */
const pieces = new RegExp(
  [
    /"(?:[^"\\]|\\[\s\S])*"?/,
    /'(?:[^'\\]|\\[\s\S])*'?/,
    /url\(\s*(?:"[^"]*"|'[^']*'|[^)]*)\)?/,
    /\/\*[\s\S]*?(?:\*\/|$)/,
    /\/\/[^\n\r\f]*/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gi",
);

/** A style sheet without its comments. */
export const withoutStyleComments = (css: string): string =>
  css.replace(pieces, (piece) => (piece.startsWith("/*") ? " " : piece.startsWith("//") ? "" : piece));

/**
 * What is open at the end of a piece of a style: a quote, `url(`, a quote in that, or a comment; empty where a value
 * may stand.
 */
export const followStyle = (css: string, from: string): string => {
  let within = from;
  for (let at = 0; at < css.length; at++) {
    const sign = css[at] ?? "";
    if (sign === "\\" && within !== "/*") at++;
    else within = nextOf(within, sign, css.slice(0, at + 1));
  }
  return within;
};

const isQuote = (sign: string): boolean => sign === '"' || sign === "'";

const nextOf = (within: string, sign: string, before: string): string => {
  if (within === "/*") return before.endsWith("*/") ? "" : within;
  if (within === "//") return /[\n\r\f]/.test(sign) ? "" : within;
  const open = within.at(-1) ?? "";
  if (isQuote(open)) return sign === open ? within.slice(0, -1) : within;
  if (isQuote(sign)) return within + sign;
  if (within === "(") return sign === ")" ? "" : within;
  if (/url\($/i.test(before)) return "(";
  if (/\/[*/]$/.test(before)) return before.slice(-2);
  return within;
};
