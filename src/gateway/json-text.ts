import type { Timestamp } from "@bufbuild/protobuf/wkt";

// Longer strings are left to JSON.stringify, which is native.
const shortEnough = 64;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON demands that they are escaped
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A string as JSON text. Most are short and plain, and cost one look. */
export const quoted = (value: string): string => (value.length <= shortEnough && !needsEscape.test(value) ? `"${value}"` : JSON.stringify(value));

/** A number as JSON text; what JSON has no number for is `null`. */
export const numeral = (value: number): string => (Number.isFinite(value) ? String(value) : "null");

const secondsOfDay = 86_400;
// A calendar day costs more to write than the time in it, and answers name few days.
const days = new Map<number, string>();
const daysKept = 4096;
const twoDigits = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, "0"));

const dayText = (day: number): string => {
  const known = days.get(day);
  if (known !== undefined) return known;
  const iso = new Date(day * secondsOfDay * 1000).toISOString();
  const text = iso.slice(0, iso.indexOf("T") + 1);
  if (days.size >= daysKept) days.clear();
  days.set(day, text);
  return text;
};

const fraction = (nanos: number): string => {
  if (nanos === 0) return "";
  const digits = nanos % 1_000_000 === 0 ? String(nanos / 1_000_000).padStart(3, "0") : String(nanos).padStart(9, "0");
  return `.${digits.replace(/0+$/, "")}`;
};

/** A point in time as RFC 3339 in UTC, with as many digits of the second as it has. */
export const rfc3339 = (at: Timestamp): string => {
  const seconds = Number(at.seconds);
  const day = Math.floor(seconds / secondsOfDay);
  const second = seconds - day * secondsOfDay;
  const minute = Math.floor(second / 60);
  return `${dayText(day)}${twoDigits[Math.floor(minute / 60)]}:${twoDigits[minute % 60]}:${twoDigits[second % 60]}${fraction(at.nanos)}Z`;
};
