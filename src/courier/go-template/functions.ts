import { escapeHtml, escapeQuery } from "./escape.ts";
import { formatMoment } from "./format-moment.ts";
import { printFormatted } from "./print-formatted.ts";
import { quoteText } from "./quote.ts";
import type { Value } from "./value.ts";
import { isRecord, isTrue, memberOf, printValue } from "./values.ts";

/** A function of templates: how many values it takes, and what it makes of them. */
export interface TemplateFunction {
  readonly takes: readonly [least: number, most: number];
  /** `now` is when the message was written. */
  readonly run: (args: readonly Value[], now: Date) => Value;
}

const LONGEST = 10_000;
const MANY = 64;

const textOf = (args: readonly Value[], at: number): string => printValue(args[at]);
const numberOf = (args: readonly Value[], at: number): number => Number(args[at] ?? 0) || 0;
const listOf = (value: Value): readonly Value[] => (Array.isArray(value) ? value : []);

const fixed = (count: number, run: TemplateFunction["run"]): TemplateFunction => ({ takes: [count, count], run });
const between = (least: number, most: number, run: TemplateFunction["run"]): TemplateFunction => ({
  takes: [least, most],
  run,
});
/** Of one text. */
const ofText = (run: (text: string) => Value): TemplateFunction => fixed(1, (args) => run(textOf(args, 0)));
/** Of two texts. */
const ofTexts = (run: (first: string, second: string) => Value): TemplateFunction =>
  fixed(2, (args) => run(textOf(args, 0), textOf(args, 1)));
const comparing = (holds: (order: number) => boolean): TemplateFunction =>
  fixed(2, ([a, b]) => holds(isNumber(a) && isNumber(b) ? Number(a) - Number(b) : compareTexts(a, b)));
/** With whole numbers, as many as there are; of others what stands before the point. */
const calculating = (most: number, run: (a: bigint, b: bigint) => bigint): TemplateFunction =>
  between(2, most, (args) => args.map(wholeOf).reduce((a, b) => BigInt.asIntN(64, run(a, b))));

const wholeOf = (value: Value): bigint => {
  if (typeof value === "bigint") return value;
  const number = Math.trunc(Number(value instanceof Date || typeof value === "object" ? 0 : (value ?? 0)));
  return Number.isFinite(number) ? BigInt(number) : 0n;
};
const isNumber = (value: Value): value is number | bigint => typeof value === "number" || typeof value === "bigint";

const compareTexts = (a: Value, b: Value): number =>
  Buffer.compare(Buffer.from(printValue(a)), Buffer.from(printValue(b)));
const isSame = (a: Value, b: Value): boolean =>
  isNumber(a) && isNumber(b) ? Number(a) === Number(b) : (a ?? null) === (b ?? null);
const titled = (text: string): string =>
  text.replace(/(?<![\p{L}\p{Nd}_]|(?!\s)[\u0080-\u{10ffff}])\p{L}/gu, (letter) => letter.toUpperCase());
/** Values side by side: those that are no texts have a space between them. */
const printAll = (args: readonly Value[]): string =>
  args
    .map((arg, at) => {
      const isApart = at > 0 && typeof arg !== "string" && typeof args[at - 1] !== "string";
      return (isApart ? " " : "") + printValue(arg);
    })
    .join("");
const sizeOf = (value: Value): number => {
  if (isRecord(value)) return Object.keys(value).length;
  return Array.isArray(value) ? value.length : Buffer.byteLength(printValue(value));
};
const present = (args: readonly Value[]): readonly string[] =>
  args.filter((arg) => arg !== undefined && arg !== null).map(printValue);
const momentOf = (at: Value, now: Date): Date => {
  if (at instanceof Date) return at;
  return isNumber(at) ? new Date(Number(at) * 1000) : now;
};
const slice: TemplateFunction["run"] = ([value, from, to]) => {
  const [start, end] = [Number(from ?? 0), to === undefined ? undefined : Number(to)];
  if (Array.isArray(value)) return value.slice(start, end);
  return Buffer.from(printValue(value)).subarray(start, end).toString();
};

/**
 * The functions that templates may call: those of Go (https://pkg.go.dev/text/template#hdr-Functions), and of
 * Sprig those that are about texts, lists and defaults. None reads anything but its arguments and the time.
 */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  and: between(1, MANY, (args) => args.reduce((all, value) => (isTrue(all) ? value : all))),
  or: between(1, MANY, (args) => args.reduce((all, value) => (isTrue(all) ? all : value))),
  not: fixed(1, ([value]) => !isTrue(value)),
  eq: between(2, MANY, ([first, ...others]) => others.some((other) => isSame(first, other))),
  ne: fixed(2, ([a, b]) => !isSame(a, b)),
  lt: comparing((order) => order < 0),
  le: comparing((order) => order <= 0),
  gt: comparing((order) => order > 0),
  ge: comparing((order) => order >= 0),
  len: fixed(1, ([value]) => BigInt(sizeOf(value))),
  index: between(2, MANY, ([value, ...keys]) =>
    keys.reduce<Value>(
      (inner, key) => (Array.isArray(inner) ? inner[Number(key)] : memberOf(inner, printValue(key))),
      value,
    ),
  ),
  slice: between(1, 3, slice),
  print: between(0, MANY, printAll),
  println: between(0, MANY, (args) => `${args.map(printValue).join(" ")}\n`),
  printf: between(1, MANY, ([format, ...args]) => printFormatted(printValue(format), args)),
  html: between(0, MANY, (args) => escapeHtml(printAll(args))),
  urlquery: between(0, MANY, (args) => escapeQuery(printAll(args))),

  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  title: ofText(titled),
  untitle: ofText((text) => text.replace(/(^|\s)(\p{L})/gu, (whole) => whole.toLowerCase())),
  trim: ofText((text) => text.trim()),
  nospace: ofText((text) => text.replace(/\s+/g, "")),
  quote: between(0, MANY, (args) =>
    present(args)
      .map((text) => quoteText(text))
      .join(" "),
  ),
  squote: between(0, MANY, (args) =>
    present(args)
      .map((text) => `'${text}'`)
      .join(" "),
  ),
  toString: ofText((text) => text),
  trimPrefix: ofTexts((prefix, text) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  trimSuffix: ofTexts((suffix, text) => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text)),
  contains: ofTexts((part, text) => text.includes(part)),
  hasPrefix: ofTexts((prefix, text) => text.startsWith(prefix)),
  hasSuffix: ofTexts((suffix, text) => text.endsWith(suffix)),
  replace: fixed(3, (args) => textOf(args, 2).replaceAll(textOf(args, 0), textOf(args, 1)).slice(0, LONGEST)),
  repeat: fixed(2, (args) =>
    textOf(args, 1)
      .slice(0, LONGEST)
      .repeat(Math.max(0, Math.min(numberOf(args, 0), 100)))
      .slice(0, LONGEST),
  ),
  trunc: fixed(2, (args) => {
    const [count, text] = [numberOf(args, 0), [...textOf(args, 1)]];
    return (count < 0 ? text.slice(count) : text.slice(0, count)).join("");
  }),
  abbrev: fixed(2, (args) => {
    const [count, text] = [numberOf(args, 0), [...textOf(args, 1)]];
    return count < 4 || text.length <= count ? text.join("") : `${text.slice(0, count - 3).join("")}...`;
  }),
  substr: fixed(3, (args) => {
    const [start, end, text] = [numberOf(args, 0), numberOf(args, 1), textOf(args, 2)];
    return text.slice(Math.max(0, start), end < 0 ? undefined : end);
  }),
  splitList: ofTexts((separator, text) => text.split(separator)),
  split: ofTexts((separator, text) => Object.fromEntries(text.split(separator).map((part, at) => [`_${at}`, part]))),
  join: fixed(2, ([separator, list]) => present(Array.isArray(list) ? list : [list]).join(printValue(separator))),

  default: fixed(2, ([standard, value]) => (isTrue(value) ? value : standard)),
  coalesce: between(1, MANY, (args) => args.find(isTrue)),
  empty: fixed(1, ([value]) => !isTrue(value)),
  ternary: fixed(3, ([yes, no, condition]) => (isTrue(condition) ? yes : no)),

  list: between(0, MANY, (args) => args),
  dict: between(0, MANY, (args) =>
    Object.fromEntries(args.flatMap((key, at) => (at % 2 === 0 ? [[printValue(key), args[at + 1]] as const] : []))),
  ),
  first: fixed(1, ([list]) => listOf(list)[0]),
  last: fixed(1, ([list]) => listOf(list).at(-1)),
  has: fixed(2, ([value, list]) => listOf(list).some((other) => isSame(other, value))),
  hasKey: fixed(2, ([map, key]) => isRecord(map) && Object.hasOwn(map, printValue(key))),
  get: fixed(2, ([map, key]) => memberOf(map, printValue(key)) ?? ""),

  int: fixed(1, ([value]) => wholeOf(value)),
  add: calculating(MANY, (a, b) => a + b),
  sub: calculating(2, (a, b) => a - b),
  mul: calculating(MANY, (a, b) => a * b),
  div: calculating(2, (a, b) => (b === 0n ? 0n : a / b)),

  now: fixed(0, (_, now) => now),
  date: fixed(2, ([layout, at], now) => formatMoment(printValue(layout), momentOf(at, now))),
};
