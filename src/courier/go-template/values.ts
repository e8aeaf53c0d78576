/** What a template works with: JSON, and moments. */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | Date
  | readonly Value[]
  | { readonly [key: string]: Value };

/** Whether a value is a map. */
export const isRecord = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Whether `if` goes into its first branch: for anything but nothing, false, 0 and what is empty. */
export const isTrue = (value: Value): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  return isRecord(value) ? Object.keys(value).length > 0 : Boolean(value);
};

/** A value as text; nothing is empty. */
export const printValue = (value: Value): string => {
  if (value === undefined || value === null) return "";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

/** A member by its name; undefined where there is none. */
export const memberOf = (value: Value, name: string): Value => {
  if (value instanceof Date) return momentMembers[name]?.(value);
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
};

const momentMembers: Readonly<Record<string, (at: Date) => Value>> = {
  Year: (at) => at.getUTCFullYear(),
  Month: (at) => at.getUTCMonth() + 1,
  Day: (at) => at.getUTCDate(),
  Unix: (at) => Math.floor(at.getTime() / 1000),
};
