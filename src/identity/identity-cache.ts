import type { IdentityRecord } from "./identity.ts";

/** How many people are cached, and how many characters of their rows: those of large accounts are fewer. */
const MOST = 4096;
const MOST_CHARACTERS = 16 * 1024 * 1024;
/** Milliseconds for which somebody whom nobody asks for stays: what was erased by another node is gone here as well. */
const UNUSED_FOR = 600_000;
/** Milliseconds within which it does not matter who was asked for last. */
const SAME_USE = 10_000;
/** Characters of the largest row that is cached. Printed and parsed it takes several times as much. */
const LARGEST = 256 * 1024;

/**
 * Makes of the same row the same record: reading, rendering and printing a
 * person costs more than fetching them, and most reads find them unchanged.
 * The row is still read each time, and compared column by column, so that
 * nothing written by whomever is missed. The longest unused are forgotten
 * first, and whoever nobody has asked for in ten minutes.
 */
export const cacheIdentities = <Row extends { readonly i_id: Buffer }>(
  columns: readonly (keyof Row & string)[],
  read: (row: Row) => IdentityRecord,
): IdentityCache<Row> => {
  const people = new Map<string, Cached>();
  let characters = 0;

  const forget = (key: string): void => {
    characters -= people.get(key)?.size ?? 0;
    people.delete(key);
  };

  let sweeping: NodeJS.Timeout | undefined;
  const sweep = (): void => {
    sweeping = undefined;
    const until = performance.now() - UNUSED_FOR;
    for (const [key, { usedAt }] of people) {
      if (usedAt > until) break;
      forget(key);
    }
    if (people.size > 0) sweepLater();
  };
  const sweepLater = (): void => {
    if (sweeping === undefined) sweeping = setTimeout(sweep, UNUSED_FOR).unref();
  };

  const cachedOf = (row: Row, usedAt: number): Cached => {
    const values = columns.map((column) => detached(row[column]));
    return { values, record: read(row), size: sizeOf(values), usedAt };
  };

  const get = (row: Row): IdentityRecord => {
    const key = row.i_id.toString("latin1");
    const now = performance.now();
    const known = people.get(key);
    const isRecent = known !== undefined && now - known.usedAt < SAME_USE;
    const isKnown = known !== undefined && columns.every((column, at) => isSame(known.values[at], row[column]));
    if (isKnown && isRecent) return known.record;
    const usedAt = isRecent ? known.usedAt : now;
    const person = isKnown ? { ...known, usedAt } : cachedOf(row, usedAt);
    if (isRecent && person.size <= LARGEST) {
      // In the same place: what is deleted and added with each change leaves tables behind that survive collections.
      characters += person.size - known.size;
    } else {
      forget(key);
      if (person.size > LARGEST) return person.record;
      characters += person.size;
    }
    people.set(key, person);
    for (const oldest of people.keys()) {
      if (people.size <= MOST && characters <= MOST_CHARACTERS) break;
      forget(oldest);
    }
    sweepLater();
    return person.record;
  };
  return { get, forget: (id) => forget(id.toString("latin1")) };
};

/** People as they were read. */
export interface IdentityCache<Row> {
  /** Of a row that is unchanged it returns the same record again. */
  get(row: Row): IdentityRecord;
  /** Forgets somebody, by the bytes of their id. */
  forget(id: Buffer): void;
}

interface Cached {
  /** In the order of the columns. */
  readonly values: readonly unknown[];
  readonly record: IdentityRecord;
  readonly size: number;
  readonly usedAt: number;
}

/**
 * A value that holds nothing else: the driver gives bytes as views of all that came from the database with them, rows
 * of other people included.
 */
const detached = (value: unknown): unknown => {
  if (!Buffer.isBuffer(value)) return value;
  const own = Buffer.allocUnsafeSlow(value.length);
  value.copy(own);
  return own;
};

/** Characters of the texts of a row. JSON columns that the driver has parsed count by their text. */
const sizeOf = (values: readonly unknown[]): number =>
  values.reduce<number>((sum, value) => {
    if (typeof value === "string" || Buffer.isBuffer(value)) return sum + value.length;
    return typeof value === "object" && value !== null && !(value instanceof Date)
      ? sum + JSON.stringify(value).length
      : sum;
  }, 0);

/** Columns are texts, numbers, times, bytes or null. */
const isSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b);
};
