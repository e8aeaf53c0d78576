const short: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const escapeRune = (rune: string, quote: string, isAscii: boolean): string => {
  const known = rune === quote ? `\\${quote}` : short[rune];
  if (known !== undefined) return known;
  const code = rune.codePointAt(0) ?? 0;
  if (printable.test(rune) && (!isAscii || code < 0x80)) return rune;
  const hex = code.toString(16);
  if (code < 0x20 || code === 0x7f) return `\\x${hex.padStart(2, "0")}`;
  return code > 0xffff ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
};

/** A text in double quotes, as Go writes it. */
export const quoteText = (text: string, isAscii = false): string =>
  `"${Array.from(text, (rune) => escapeRune(rune, '"', isAscii)).join("")}"`;

/** A character in single quotes. */
export const quoteRune = (rune: string, isAscii = false): string => `'${escapeRune(rune, "'", isAscii)}'`;

/** Whether a text can stand between back quotes as it is. */
export const isBackquotable = (text: string): boolean => !/[^\P{Cc}\t]|[`\ufeff]/u.test(text);
