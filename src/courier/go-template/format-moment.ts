const two = (number: number): string => String(number).padStart(2, "0");
const name = (at: Date, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat("en", { ...options, timeZone: "UTC" }).format(at);

/** Parts of a layout, as Go has them: how the moment 2006-01-02 15:04:05 UTC would be written. */
const parts: Readonly<Record<string, (at: Date) => string>> = {
  "2006": (at) => String(at.getUTCFullYear()),
  January: (at) => name(at, { month: "long" }),
  Monday: (at) => name(at, { weekday: "long" }),
  Jan: (at) => name(at, { month: "short" }),
  Mon: (at) => name(at, { weekday: "short" }),
  MST: () => "UTC",
  "01": (at) => two(at.getUTCMonth() + 1),
  "02": (at) => two(at.getUTCDate()),
  "15": (at) => two(at.getUTCHours()),
  "04": (at) => two(at.getUTCMinutes()),
  "05": (at) => two(at.getUTCSeconds()),
  "06": (at) => two(at.getUTCFullYear() % 100),
  "1": (at) => String(at.getUTCMonth() + 1),
  "2": (at) => String(at.getUTCDate()),
};
const longestFirst = Object.keys(parts).sort((a, b) => b.length - a.length);
const pattern = new RegExp(longestFirst.join("|"), "g");

/** A moment in UTC by a layout of Go (https://pkg.go.dev/time#Layout). */
export const formatMoment = (layout: string, at: Date): string =>
  layout.replace(pattern, (part) => parts[part]?.(at) ?? part);
