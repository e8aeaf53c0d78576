import type { IdentityRecord } from "./identity.ts";

/** How many people are cached. One takes some kilobytes, with what was made of it. */
const MOST = 4096;

/**
 * Makes of the same row the same record: reading, presenting and printing a
 * person costs more than fetching them, and most reads find them unchanged.
 * The row is still read each time, and compared column by column, so that
 * nothing written by whomever is missed. The longest unused are forgotten
 * first.
 */
export const cacheIdentities = <Row extends { readonly i_id: Buffer }>(
  columns: readonly (keyof Row & string)[],
  read: (row: Row) => IdentityRecord,
): ((row: Row) => IdentityRecord) => {
  const people = new Map<string, { readonly row: Row; readonly record: IdentityRecord }>();
  return (row) => {
    const key = row.i_id.toString("latin1");
    const known = people.get(key);
    if (known !== undefined) people.delete(key);
    const person =
      known !== undefined && columns.every((column) => isSame(known.row[column], row[column]))
        ? known
        : { row, record: read(row) };
    const [oldest] = people.size >= MOST ? people.keys() : [];
    if (oldest !== undefined) people.delete(oldest);
    people.set(key, person);
    return person.record;
  };
};

/** Columns are texts, numbers, times, bytes or null. */
const isSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b);
};
