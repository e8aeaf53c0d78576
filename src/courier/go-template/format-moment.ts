const two = (number: number): string => String(number).padStart(2, "0");
const hours = (at: Date): number => at.getUTCHours() % 12 || 12;
const name = (at: Date, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat("en", { ...options, timeZone: "UTC" }).format(at);
const dayOfYear = (at: Date): number =>
  Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;

/** Parts of a layout, as Go has them: how 2006-01-02 15:04:05 UTC would be written. The first match counts. */
const parts: readonly (readonly [pattern: string, print: (at: Date) => string])[] = [
  ["January", (at) => name(at, { month: "long" })],
  ["Jan(?![a-z])", (at) => name(at, { month: "short" })],
  ["Monday", (at) => name(at, { weekday: "long" })],
  ["Mon(?![a-z])", (at) => name(at, { weekday: "short" })],
  ["MST", () => "UTC"],
  ["002", (at) => String(dayOfYear(at)).padStart(3, "0")],
  ["01", (at) => two(at.getUTCMonth() + 1)],
  ["02", (at) => two(at.getUTCDate())],
  ["03", (at) => two(hours(at))],
  ["04", (at) => two(at.getUTCMinutes())],
  ["05", (at) => two(at.getUTCSeconds())],
  ["06", (at) => two(at.getUTCFullYear() % 100)],
  ["15", (at) => two(at.getUTCHours())],
  ["1", (at) => String(at.getUTCMonth() + 1)],
  ["2006", (at) => String(at.getUTCFullYear()).padStart(4, "0")],
  ["_2(?!006)", (at) => String(at.getUTCDate()).padStart(2, " ")],
  ["2", (at) => String(at.getUTCDate())],
  ["3", (at) => String(hours(at))],
  ["4", (at) => String(at.getUTCMinutes())],
  ["5", (at) => String(at.getUTCSeconds())],
  ["PM", (at) => (at.getUTCHours() < 12 ? "AM" : "PM")],
  ["pm", (at) => (at.getUTCHours() < 12 ? "am" : "pm")],
  ["-07:00", () => "+00:00"],
  ["-0700", () => "+0000"],
  ["-07", () => "+00"],
  ["Z07:00|Z0700|Z07", () => "Z"],
];
const pattern = new RegExp(parts.map(([source]) => `(${source})`).join("|"), "g");

/** A moment in UTC by a layout of Go (https://pkg.go.dev/time#Layout). */
export const formatMoment = (layout: string, at: Date): string =>
  layout.replace(pattern, (whole, ...groups: readonly (string | number | undefined)[]) => {
    const found = groups.findIndex((group) => group !== undefined);
    return parts[found]?.[1](at) ?? whole;
  });
