import { formatValue, plainFormat } from "./format-value.ts";
import type { Value } from "./value.ts";

/** Whether a value is a map. */
export const isRecord = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Whether `if` goes into its first branch: for anything but nothing, false, 0 and what is empty. */
export const isTrue = (value: Value): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  return isRecord(value) ? Object.keys(value).length > 0 : Boolean(value);
};

/** A value as text, as Go prints it; nothing is empty. */
export const printValue = (value: Value): string => formatValue(value, "v", plainFormat);

/** A member by its name; undefined where there is none. */
export const memberOf = (value: Value, name: string): Value => {
  if (value instanceof Date) return Object.hasOwn(momentMembers, name) ? momentMembers[name]?.(value) : undefined;
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
};

const nameIn = (options: Intl.DateTimeFormatOptions) => (at: Date) =>
  new Intl.DateTimeFormat("en", { ...options, timeZone: "UTC" }).format(at);

/** What a moment has. */
export const momentMembers: Readonly<Record<string, (at: Date) => Value>> = {
  Year: (at) => BigInt(at.getUTCFullYear()),
  Month: nameIn({ month: "long" }),
  Day: (at) => BigInt(at.getUTCDate()),
  Weekday: nameIn({ weekday: "long" }),
  Hour: (at) => BigInt(at.getUTCHours()),
  Minute: (at) => BigInt(at.getUTCMinutes()),
  Second: (at) => BigInt(at.getUTCSeconds()),
  Unix: (at) => BigInt(Math.floor(at.getTime() / 1000)),
};
