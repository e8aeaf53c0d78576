import { StacklessError } from "../lib/stackless-error.ts";
import { rowName } from "./row-writes.ts";
import type { RowInsert, RowUpdate, RowValues, Sql, SqlValue } from "./sql.ts";

/** A row that is written. */
export interface WrittenRow {
  readonly statement: RowUpdate;
  readonly values: RowValues;
}

/** All that a transaction writes, if each row is there and each condition holds. */
export interface WriteSet {
  /** Each row once. */
  readonly updates: readonly WrittenRow[];
  readonly inserts: readonly { readonly statement: RowInsert; readonly values: readonly SqlValue[] }[];
}

/** A transaction does more than to write rows by their keys. */
class NotByRows extends StacklessError {
  override readonly name = "NotByRows";

  constructor() {
    super("the transaction does more than to write rows");
  }
}

/**
 * Runs the work of a transaction without a database: each row that it writes is as expected. Returns what it writes
 * and its result; undefined if it fails, or does anything but write rows, each of them once.
 */
export const collectWriteSet = async <T>(
  work: (tx: Sql) => Promise<T>,
): Promise<{ readonly writes: WriteSet; readonly value: T } | undefined> => {
  const updates: WrittenRow[] = [];
  const inserts: WriteSet["inserts"][number][] = [];
  let isByRows = true;
  const refuse = async (): Promise<never> => {
    isByRows = false;
    throw new NotByRows();
  };
  const sql: Sql = {
    query: refuse,
    execute: refuse,
    insertRow: async (statement, values) => void inserts.push({ statement, values }),
    updateRow: async (statement, values) => updates.push({ statement, values }) > 0,
  };
  let value: T;
  try {
    value = await work(sql);
  } catch {
    // Where it fails, it does so again in a transaction.
    return undefined;
  }
  const names = new Set(updates.map(({ statement, values }) => `${statement.table} ${rowName(values)}`));
  return isByRows && updates.length > 0 && names.size === updates.length
    ? { writes: { updates, inserts }, value }
    : undefined;
};
