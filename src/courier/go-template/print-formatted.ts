import { formatValue, plainFormat } from "./format-value.ts";
import type { Value } from "./value.ts";
import type { ValueFormat } from "./value-format.ts";

/** Flags, width, precision, verb. A star stands for a value. */
const directive = /%([-+# 0]*)(\*|\d+)?(\.(?:\*|\d*))?([\s\S])?/gu;

const verbs = "vsdfFeEgGqxXtc";
const WIDEST = 1_000;

/** Prints values by a format of Go (https://pkg.go.dev/fmt#hdr-Printing). */
export const printFormatted = (format: string, args: readonly Value[]): string => {
  let at = 0;
  const starred = (text: string): number => Number(text === "*" ? (args[at++] ?? 0) : text) || 0;
  return format.replace(directive, (_, flags: string, width?: string, precision?: string, verb?: string) => {
    if (verb === "%") return "%";
    const wide = width === undefined ? 0 : starred(width);
    const digits = precision === undefined ? undefined : starred(precision.slice(1));
    const found = verb ?? "v";
    return formatValue(args[at++], found, {
      ...flagsOf(flags),
      minus: flags.includes("-") || wide < 0,
      width: Math.min(Math.abs(wide), WIDEST),
      precision: digits === undefined || digits < 0 ? undefined : Math.min(digits, WIDEST),
    });
  });
};

const flagsOf = (flags: string): ValueFormat => ({
  ...plainFormat,
  plus: flags.includes("+"),
  sharp: flags.includes("#"),
  space: flags.includes(" "),
  zero: flags.includes("0"),
});

/** What is wrong with a format for so many values: undefined where nothing is. */
export const findFormatFault = (format: string, count: number): string | undefined => {
  let wanted = 0;
  for (const [whole, flags = "", width, precision, verb] of format.matchAll(directive)) {
    if (verb === "%") continue;
    if (verb === undefined || !verbs.includes(verb)) return `printf does not know ${whole}`;
    if (flags.includes("#") && /[vgG]/.test(verb)) return `printf does not know ${whole}`;
    wanted += 1 + (width === "*" ? 1 : 0) + (precision === ".*" ? 1 : 0);
  }
  return wanted === count ? undefined : `printf has ${count} values for a format of ${wanted}`;
};
