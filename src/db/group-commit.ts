import { inGroups } from "../lib/in-groups.ts";
import { StacklessError } from "../lib/stackless-error.ts";
import { createRowWrites, insertOf, lockOf, nameOf, rowName, updateOf } from "./row-writes.ts";
import type { Database, RowInsert, RowUpdate, RowValues, Sql, SqlValue } from "./sql.ts";
import { DatabaseUnavailable, SqlError } from "./sql-error.ts";
import { collectWriteSet, type WriteSet } from "./write-set.ts";

/*
 * Group commit: what several requests write at the same time is one statement, or one transaction. Nothing waits for
 * others to come; what comes while as many groups are under way as may be goes with the next.
 *
 * A group has no outcome that one of it alone would not have. What is not written together is written alone:
 *
 * - A transaction of several begins by locking all rows that they write. Whoever has one that is locked by another
 *   transaction, or not as expected, is left out. If anything fails after that, the transaction is undone.
 * - Of a statement by itself, an UPDATE, nobody knows which rows were not as expected: all of them are written again,
 *   as if they had come later. It may wait for a row that is locked, as long as one alone (5 s); what comes meanwhile
 *   passes it, and a row that then cannot be written alone either is kept out of groups for a minute.
 */

/** Groups under way at once. A slow disk makes them larger, and no more of them. */
const AT_ONCE = 4;
/** Requests of a group, at most. */
const MOST = { updates: 16, inserts: 8 };
/** Characters of the values of one request. What is longer would make the others wait for it. */
const LARGEST = 32_768;

/** Milliseconds after which a group most likely waits for a lock, and counts no longer as under way. */
const SLOW = 100;
/** Milliseconds for which a row that could not be written is kept out of groups. */
const APART = 60_000;
const MOST_APART = 1_024;

/** A row is not there, or its condition does not hold, although it was locked: the database ignores SKIP LOCKED. */
class NotAsExpected extends StacklessError {
  override readonly name = "NotAsExpected";

  constructor() {
    super("a row is not as expected");
  }
}

/** What a group needs of a database. */
export interface GroupCommitDeps {
  readonly transaction: Database["transaction"];
  /** Writes that are alone, each by itself. */
  readonly alone: Pick<Sql, "execute" | "insertRow" | "updateRow">;
}

/** Creates what writes together what several requests write at the same time. */
export const createGroupCommit = ({
  transaction,
  alone,
}: GroupCommitDeps): Pick<Database, "insertRow" | "transaction" | "updateRow"> => {
  /** Commits write sets in one transaction. If one of them is not written, nothing of it is. */
  const commitAll = async (group: readonly WriteSet[]): Promise<readonly Answer[]> => {
    if (group.length === 1) return [notWritten];
    let isWritten = false;
    let locked: ReadonlySet<WriteSet> = new Set();
    const answerAll = (answer: Answer) => group.map((each) => (locked.has(each) ? answer : notWritten));
    try {
      await transaction(
        async (tx) => {
          locked = await lockRows(tx, withoutRepeated(group));
          if (locked.size === 0) throw new NotAsExpected();
          await writeRows(tx, [...locked]);
          isWritten = true;
        },
        { attempts: 1 },
      );
    } catch (cause) {
      // What fails before COMMIT is undone, and so is a COMMIT that ends in a conflict.
      return answerAll(isWritten && !isConflict(cause) ? failed(cause) : notWritten);
    }
    return answerAll(written);
  };

  const options = { most: MOST.updates, atOnce: AT_ONCE, slow: { after: SLOW, most: AT_ONCE, keysOf: () => [] } };
  const commitTransaction = inGroups<WriteSet, Answer>(options, commitAll);

  const updates = new Map<RowUpdate, (values: RowValues) => Promise<boolean>>();
  /** Writes rows by one statement. Answers whether they are written; if not, nobody knows which of them are. */
  const updateAll = (statement: RowUpdate) =>
    inGroups<RowValues, boolean>(options, async (group) => {
      const rows = new Map(group.toReversed().map((row) => [rowName(row), row]));
      if (rows.size === 1) return group.map(() => false);
      try {
        const { affectedRows } = await alone.execute(...updateOf(statement, [...rows.values()]), "once");
        return group.map((row) => affectedRows === rows.size && rows.get(rowName(row)) === row);
      } catch (cause) {
        if (isUnknown(cause)) throw cause;
        return group.map(() => false);
      }
    });
  /** Rows that could not be written for a lock, and until when they are kept out of groups. */
  const apart = new Map<string, number>();

  const updateAlone = async (statement: RowUpdate, values: RowValues): Promise<boolean> => {
    try {
      return await alone.updateRow(statement, values);
    } catch (cause) {
      if (apart.size >= MOST_APART) apart.clear();
      if (isConflict(cause)) apart.set(rowName(values), Date.now() + APART);
      throw cause;
    }
  };

  const inserts = new Map<RowInsert, (values: readonly SqlValue[]) => Promise<boolean>>();
  /** Inserts rows by one statement. Answers whether they are there; if not, none of them is. */
  const insertAll = (statement: RowInsert) =>
    inGroups<readonly SqlValue[], boolean>({ most: MOST.inserts, atOnce: AT_ONCE }, async (rows) => {
      if (rows.length === 1) return [false];
      try {
        await alone.execute(...insertOf(statement, rows), "own-id");
        return rows.map(() => true);
      } catch (cause) {
        if (cause instanceof SqlError) return rows.map(() => false);
        throw cause;
      }
    });

  return {
    updateRow: async (statement, values) => {
      const update = updates.get(statement) ?? updateAll(statement);
      updates.set(statement, update);
      const mayShare = sizeOf(values.set) <= LARGEST && !(Date.now() < (apart.get(rowName(values)) ?? 0));
      return (mayShare && (await update(values))) || updateAlone(statement, values);
    },

    insertRow: async (statement, values) => {
      if (statement.select !== undefined || sizeOf(values) > LARGEST) return alone.insertRow(statement, values);
      const insert = inserts.get(statement) ?? insertAll(statement);
      inserts.set(statement, insert);
      if (!(await insert(values))) await alone.insertRow(statement, values);
    },

    transaction: async (work, options) => {
      const collected = await collectWriteSet(work);
      if (collected === undefined || sizeOfSet(collected.writes) > LARGEST) return transaction(work, options);
      const isCommitted = await commitTransaction(collected.writes);
      return isCommitted() ? collected.value : transaction(work, options);
    },
  };
};

const isUnknown = (cause: unknown): boolean => cause instanceof DatabaseUnavailable && cause.outcome === "unknown";

const isConflict = (cause: unknown): boolean => cause instanceof SqlError && cause.transient;

/** What becomes of one of a group: whether it is written, or what the COMMIT that was to write it failed with. */
type Answer = () => boolean;

const written: Answer = () => true;
const notWritten: Answer = () => false;
const failed =
  (cause: unknown): Answer =>
  () => {
    throw cause;
  };

/** Those that write a row which one before them writes come later. */
const withoutRepeated = (group: readonly WriteSet[]): readonly WriteSet[] => {
  const taken = new Set<string>();
  return group.filter(({ updates }) => {
    const names = updates.map(({ statement, values }) => `${statement.table} ${rowName(values)}`);
    if (names.some((name) => taken.has(name))) return false;
    for (const name of names) taken.add(name);
    return true;
  });
};

/** Locks the rows, table by table, and returns the write sets of which all are as expected. */
const lockRows = async (tx: Sql, group: readonly WriteSet[]): Promise<ReadonlySet<WriteSet>> => {
  const left = new Set(group);
  for (const statement of new Set(group.flatMap(({ updates }) => updates.map((update) => update.statement)))) {
    const missing = new Map(
      [...left].flatMap((set) =>
        set.updates.flatMap((update) =>
          update.statement === statement ? [[rowName(update.values), { set, row: update.values }] as const] : [],
        ),
      ),
    );
    if (missing.size === 0) continue;
    const rows = [...missing.values()].map(({ row }) => row);
    for (const { name } of await tx.query<{ readonly name: SqlValue }>(...lockOf(statement, rows)))
      missing.delete(nameOf(name));
    for (const { set } of missing.values()) left.delete(set);
  }
  return left;
};

/** @throws NotAsExpected */
const writeRows = async (tx: Sql, group: readonly WriteSet[]): Promise<void> => {
  const updates = group.flatMap((set) => set.updates);
  for (const [statement, of] of Map.groupBy(updates, (update) => update.statement)) {
    const { affectedRows } = await tx.execute(
      ...updateOf(
        statement,
        of.map(({ values }) => values),
      ),
    );
    if (affectedRows !== of.length) throw new NotAsExpected();
  }
  const { insertRow } = createRowWrites(tx.execute);
  for (const { statement, values } of group.flatMap((set) => set.inserts)) await insertRow(statement, values);
};

const sizeOf = (values: readonly SqlValue[]): number =>
  values.reduce<number>((size, value) => size + (typeof value === "string" ? value.length : 0), 0);

const sizeOfSet = ({ updates, inserts }: WriteSet): number =>
  [...updates.map(({ values }) => sizeOf(values.set)), ...inserts.map(({ values }) => sizeOf(values))].reduce(
    (sum, size) => sum + size,
    0,
  );
