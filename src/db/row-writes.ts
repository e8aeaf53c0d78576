import { paddedList } from "../lib/in-groups.ts";
import type { RowInsert, RowUpdate, RowValues, Sql, SqlValue } from "./sql.ts";
import { isDuplicate } from "./sql-error.ts";

/* Statements that write a row, or at once the rows of several requests. */

/** A statement with its values. */
export type Prepared = readonly [text: string, values: SqlValue[]];

/** How often a row is inserted that depends on others: each time another request came between. */
const TRIES = 20;

/**
 * Writes rows of different keys. Sizes are powers of two, so that few statements are prepared: the last row stands
 * there several times, which changes nothing.
 */
export const updateOf = (statement: RowUpdate, rows: readonly RowValues[]): Prepared => {
  const padded = paddedList(rows);
  return [textOf(updates, statement, padded.length), updateValues(padded)];
};

/**
 * Locks those of the rows that are there, whose conditions hold and that nobody else has locked, and returns the last
 * column of their keys as `name`.
 *
 * TiDB ignores SKIP LOCKED and waits: whoever writes the rows must look at how many were there.
 */
export const lockOf = (statement: RowUpdate, rows: readonly RowValues[]): Prepared => {
  const padded = paddedList(rows);
  return [textOf(locks, statement, padded.length), padded.flatMap(({ key, condition }) => [...key, ...condition])];
};

/** Inserts so many rows. */
export const insertOf = (statement: RowInsert, rows: readonly (readonly SqlValue[])[]): Prepared => {
  const { table, columns, select } = statement;
  const row = `(${columns.map(() => "?").join(", ")})`;
  const source = select?.text ?? `VALUES ${rows.map(() => row).join(", ")}`;
  return [`INSERT INTO ${table} (${columns.join(", ")}) ${source}`, rows.flat()];
};

/** What tells a row from the others of its table. */
export const rowName = ({ key }: RowValues): string => nameOf(key.at(-1) ?? null);

/** As `rowName`, for a value of the column. */
export const nameOf = (value: SqlValue): string => (Buffer.isBuffer(value) ? value.toString("latin1") : String(value));

/** Writes of one row, each by a statement of its own. */
export const createRowWrites = (execute: Sql["execute"]): Pick<Sql, "insertRow" | "updateRow"> => ({
  updateRow: async (statement, values) => {
    const { affectedRows } = await execute(...updateOf(statement, [values]));
    return affectedRows === 1;
  },

  insertRow: async (statement, values) => {
    for (let tries = 1; ; tries++) {
      try {
        const { affectedRows } = await execute(...insertOf(statement, [values]), "own-id");
        if (affectedRows === 1) return;
        throw new Error(`nothing was inserted into ${statement.table}: a row that its SELECT reads is missing`);
      } catch (error) {
        if (tries === TRIES || !statement.select || !isDuplicate(error, statement.select.again)) throw error;
      }
    }
  },
});

/** Texts by statement and number of rows. */
interface Texts {
  readonly write: (statement: RowUpdate, rows: number) => string;
  readonly known: WeakMap<RowUpdate, Map<number, string>>;
}

const textOf = ({ write, known }: Texts, statement: RowUpdate, rows: number): string => {
  const texts = known.get(statement) ?? new Map<number, string>();
  const text = texts.get(rows) ?? write(statement, rows);
  known.set(statement, texts.set(rows, text));
  return text;
};

const placeOf = ({ table, index }: RowUpdate): string =>
  index === undefined ? table : `${table} FORCE INDEX (${index})`;

const rowOf = ({ key, condition }: RowUpdate): string =>
  [...key.map((column) => `${column} = ?`), condition].join(" AND ");

const rowsOf = (statement: RowUpdate, rows: number): string =>
  rows === 1 ? rowOf(statement) : Array.from({ length: rows }, () => `(${rowOf(statement)})`).join(" OR ");

const setOf = (statement: RowUpdate, rows: number): string => {
  const value = rows === 1 ? "?" : `CASE ${statement.key.at(-1)} ${"WHEN ? THEN ? ".repeat(rows)}END`;
  return statement.set.map((column) => `${column} = ${value}`).join(", ");
};

const updates: Texts = {
  known: new WeakMap(),
  write: (statement, rows) => `UPDATE ${placeOf(statement)} SET ${setOf(statement, rows)}
     WHERE ${rowsOf(statement, rows)}`,
};

const locks: Texts = {
  known: new WeakMap(),
  write: (statement, rows) => `SELECT ${statement.key.at(-1)} AS name FROM ${placeOf(statement)}
     WHERE ${rowsOf(statement, rows)} FOR UPDATE SKIP LOCKED`,
};

const updateValues = (rows: readonly RowValues[]): SqlValue[] => {
  const [first, ...others] = rows;
  if (first === undefined) return [];
  const set =
    others.length === 0
      ? first.set
      : first.set.flatMap((_, at) => rows.flatMap((row) => [row.key.at(-1) ?? null, row.set[at] ?? null]));
  return [...set, ...rows.flatMap(({ key, condition }) => [...key, ...condition])];
};
