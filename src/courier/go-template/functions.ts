import { formatMoment } from "./format-moment.ts";
import { printFormatted } from "./print-formatted.ts";
import { isRecord, isTrue, memberOf, printValue, type Value } from "./values.ts";

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
  fixed(2, ([a, b]) => holds(typeof a === "number" && typeof b === "number" ? a - b : compareTexts(a, b)));
const calculating = (run: (a: number, b: number) => number): TemplateFunction =>
  between(2, MANY, (args) => args.map(Number).reduce(run));

const compareTexts = (a: Value, b: Value): number => {
  const [one, other] = [printValue(a), printValue(b)];
  return one < other ? -1 : one > other ? 1 : 0;
};
const isSame = (a: Value, b: Value): boolean => (a ?? null) === (b ?? null);
const titled = (text: string): string =>
  text.replace(/(^|[\s-])(\p{L})/gu, (_, before: string, letter: string) => `${before}${letter.toUpperCase()}`);
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * The functions that templates may call: those of Go (https://pkg.go.dev/text/template#hdr-Functions), and of
 * Sprig those that are about texts, lists and defaults. None reads anything but its arguments and the time.
 */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  and: between(1, MANY, (args) => args.find((value) => !isTrue(value)) ?? args.at(-1)),
  or: between(1, MANY, (args) => args.find(isTrue) ?? args.at(-1)),
  not: fixed(1, ([value]) => !isTrue(value)),
  eq: between(2, MANY, ([first, ...others]) => others.some((other) => isSame(first, other))),
  ne: fixed(2, ([a, b]) => !isSame(a, b)),
  lt: comparing((order) => order < 0),
  le: comparing((order) => order <= 0),
  gt: comparing((order) => order > 0),
  ge: comparing((order) => order >= 0),
  len: fixed(1, ([value]) =>
    isRecord(value) ? Object.keys(value).length : Array.isArray(value) ? value.length : printValue(value).length,
  ),
  index: between(2, MANY, ([value, ...keys]) =>
    keys.reduce<Value>(
      (inner, key) => (Array.isArray(inner) ? inner[Number(key)] : memberOf(inner, printValue(key))),
      value,
    ),
  ),
  print: between(0, MANY, (args) => args.map(printValue).join("")),
  println: between(0, MANY, (args) => `${args.map(printValue).join(" ")}\n`),
  printf: between(1, MANY, ([format, ...args]) => printFormatted(printValue(format), args)),
  html: ofText(escapeHtml),
  urlquery: ofText(encodeURIComponent),

  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  title: ofText(titled),
  untitle: ofText((text) => text.replace(/(^|\s)(\p{L})/gu, (whole) => whole.toLowerCase())),
  trim: ofText((text) => text.trim()),
  nospace: ofText((text) => text.replace(/\s+/g, "")),
  quote: ofText((text) => JSON.stringify(text)),
  squote: ofText((text) => `'${text}'`),
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
  substr: fixed(3, (args) => textOf(args, 2).slice(Math.max(0, numberOf(args, 0)), numberOf(args, 1))),
  splitList: ofTexts((separator, text) => text.split(separator)),
  split: ofTexts((separator, text) => Object.fromEntries(text.split(separator).map((part, at) => [`_${at}`, part]))),
  join: fixed(2, ([separator, list]) => listOf(list).map(printValue).join(printValue(separator))),

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

  int: fixed(1, (args) => Math.trunc(numberOf(args, 0))),
  add: calculating((a, b) => a + b),
  sub: calculating((a, b) => a - b),
  mul: calculating((a, b) => a * b),
  div: calculating((a, b) => (b === 0 ? 0 : Math.trunc(a / b))),

  now: fixed(0, (_, now) => now),
  date: fixed(2, ([layout, at], now) => formatMoment(printValue(layout), at instanceof Date ? at : now)),
};
