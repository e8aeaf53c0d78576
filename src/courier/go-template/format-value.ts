import { formatFloat } from "./format-float.ts";
import { isBackquotable, quoteRune, quoteText } from "./quote.ts";
import type { Value } from "./value.ts";
import type { ValueFormat } from "./value-format.ts";

/** Neither flags nor width. */
export const plainFormat: ValueFormat = {
  minus: false,
  plus: false,
  sharp: false,
  space: false,
  zero: false,
  width: 0,
  precision: undefined,
};

/**
 * Prints a value as Go does (https://pkg.go.dev/fmt). A verb that Go has not for such a value counts as `v`, where Go
 * would write a mark of error, and nothing is empty, where Go would write `<nil>`; within a list or map it is that.
 */
export const formatValue = (value: Value, verb: string, format: ValueFormat): string => {
  switch (typeof value) {
    case "string":
      return formatText(value, verb, format);
    case "boolean":
      return pad(String(value), format);
    case "bigint":
      return formatWhole(value, verb, format);
    case "number":
      return formatNumber(value, verb, format);
    case "undefined":
      return pad("", format);
    default:
      if (value === null) return pad("", format);
      return value instanceof Date ? formatText(momentText(value), verb, format) : formatInner(value, verb, format);
  }
};

/** Lists and maps: verb and flags are those of each entry. */
const formatInner = (
  value: readonly Value[] | { readonly [key: string]: Value },
  verb: string,
  format: ValueFormat,
): string => {
  const each = (entry: Value): string =>
    entry === null || entry === undefined ? "<nil>" : formatValue(entry, verb, format);
  if (Array.isArray(value)) return `[${value.map(each).join(" ")}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, entry]) => `${each(key)}:${each(entry)}`).join(" ")}]`;
};

const momentText = (at: Date): string => {
  const [day = "", time = ""] = at.toISOString().split("T");
  const short = time.replace("Z", "").replace(/\.?0*$/, (zeros, from: number) => (from >= 8 ? "" : zeros));
  return `${day} ${short} +0000 UTC`;
};

const lengthOf = (text: string): number => [...text].length;

/** Zeros stand before, also before texts; spaces on the side that is free. */
const pad = (text: string, { minus, zero, width }: ValueFormat): string => {
  const missing = Math.max(0, width - lengthOf(text));
  if (minus) return text + " ".repeat(missing);
  return (zero ? "0" : " ").repeat(missing) + text;
};

const formatText = (text: string, verb: string, format: ValueFormat): string => {
  const { precision, sharp, plus } = format;
  if (verb === "x" || verb === "X") return pad(hexOf(text, verb, format), format);
  const cut = precision === undefined ? text : [...text].slice(0, precision).join("");
  if (verb !== "q") return pad(cut, format);
  return pad(sharp && isBackquotable(cut) ? `\`${cut}\`` : quoteText(cut, plus), format);
};

/** The bytes of a text. */
const hexOf = (text: string, verb: "x" | "X", { precision, sharp, space }: ValueFormat): string => {
  const bytes = [...Buffer.from(text)].slice(0, precision).map((byte) => byte.toString(16).padStart(2, "0"));
  const mark = sharp && bytes.length > 0 ? "0x" : "";
  const all = space ? bytes.map((byte) => mark + byte).join(" ") : mark + bytes.join("");
  return verb === "X" ? all.toUpperCase() : all;
};

/** `%+v` asks for the names of members, which numbers have none of. */
const signOf = (isNegative: boolean, verb: string, { plus, space }: ValueFormat): string => {
  if (isNegative) return "-";
  if (plus && verb !== "v") return "+";
  return space ? " " : "";
};

const formatWhole = (value: bigint, verb: string, format: ValueFormat): string => {
  const { plus, sharp, zero, minus, width, precision } = format;
  if (verb === "c") return pad(characterOf(value), format);
  if (verb === "q") return pad(quoteRune(characterOf(value), plus), format);
  if (/^[fFeEgG]$/.test(verb)) return formatNumber(Number(value), verb, format);
  const spaced = { ...format, zero: false };
  if (precision === 0 && value === 0n) return pad("", spaced);
  const sign = signOf(value < 0n, verb, format);
  const isHex = verb === "x" || verb === "X";
  const digits = (value < 0n ? -value : value).toString(isHex ? 16 : 10);
  const least = precision ?? (zero && !minus ? width - sign.length : 0);
  const all = digits.padStart(least, "0");
  const marked = sharp && isHex ? `0x${all}` : all;
  return pad(sign + (verb === "X" ? marked.toUpperCase() : marked), spaced);
};

const characterOf = (value: bigint): string =>
  value < 0n || value > 0x10ffffn || (value >= 0xd800n && value <= 0xdfffn)
    ? "\ufffd"
    : String.fromCodePoint(Number(value));

/** Whole numbers of JSON are whole numbers, too, for the verbs that are for those alone. */
const formatNumber = (value: number, verb: string, format: ValueFormat): string => {
  if (Number.isInteger(value) && /^[dcq]$/.test(verb)) return formatWhole(BigInt(value), verb, format);
  const isNegative = value < 0 || Object.is(value, -0);
  const digits = formatFloat(Math.abs(value), verb, format);
  const sign = signOf(isNegative, verb, format);
  if (!format.zero || format.minus) return pad(sign + digits, format);
  return sign + digits.padStart(format.width - sign.length, "0");
};
