import { insertOf, updateOf } from "../../src/db/row-writes.ts";
import type { Database, Sql, SqlValue } from "../../src/db/sql.ts";
import { keepLines } from "../setup/kept-lines.ts";
import { observeStatement } from "../setup/observed-statements.ts";

/** One transaction that waits to be begun. */
export interface Held {
  /** Settles once a request has come as far as its transaction: all that is slow is behind it. */
  readonly reached: Promise<void>;
  /** Lets it begin. */
  release(): void;
}

/** Looks at a statement before it is sent. `sql` is where it will be: the database, or the transaction. */
export type Look = (statement: string, params: readonly SqlValue[], sql: Sql) => Promise<void>;

/** Holds requests just before their transactions, so that a test may change what they rest on. */
export interface Gate {
  /** Every statement that was sent so far, but for BEGIN and COMMIT; those of a group as each alone would send them. */
  readonly statements: readonly string[];
  /** Holds the next transaction; those after it pass. */
  hold(): Held;
  /** From now on looks at each statement; undefined: no longer. */
  watch(look: Look | undefined): void;
  wrap(db: Database): Database;
}

/** Creates a gate that is open. */
export const createGate = (): Gate => {
  const statements = keepLines();
  let look: Look | undefined;
  const note = (statement: string): void => {
    statements.push(statement);
    observeStatement(statement);
  };
  const counted = <S extends Sql>(sql: S, noteOne = note): S => {
    const see = async (statement: string, params: readonly SqlValue[]): Promise<void> => {
      noteOne(statement);
      if (look) await look(statement, params, sql);
    };
    return {
      ...sql,
      query: async (statement, params) => {
        await see(statement, params ?? []);
        return sql.query(statement, params);
      },
      execute: async (statement, params, repeatable) => {
        await see(statement, params ?? []);
        return sql.execute(statement, params, repeatable);
      },
      updateRow: async (statement, values) => {
        await see(...updateOf(statement, [values]));
        return sql.updateRow(statement, values);
      },
      insertRow: async (statement, values) => {
        await see(...insertOf(statement, [values]));
        return sql.insertRow(statement, values);
      },
    };
  };
  let next: { readonly reach: () => void; readonly until: Promise<void> } | undefined;

  return {
    statements,
    watch: (by) => {
      look = by;
    },
    hold: () => {
      const reached = Promise.withResolvers<void>();
      const until = Promise.withResolvers<void>();
      const mine = { reach: reached.resolve, until: until.promise };
      next = mine;
      return {
        reached: reached.promise,
        release: () => {
          if (next === mine) next = undefined;
          until.resolve();
        },
      };
    },
    wrap: (db) => ({
      ...counted(db),
      get dialect() {
        return db.dialect;
      },
      get version() {
        return db.version;
      },
      transaction: async (work, options) => {
        const mine = next;
        next = undefined;
        mine?.reach();
        await mine?.until;
        if (!options?.shared) return db.transaction((tx) => work(counted(tx)), options);
        // What is looked at is looked at where it is sent. Work that may be done twice, once without a database, sends
        // what it does the last time.
        const { shared: _, ...alone } = options;
        let last: string[] = [];
        try {
          return await db.transaction(
            (tx) => {
              last = [];
              return work(counted(tx, (statement) => void last.push(statement)));
            },
            look ? alone : options,
          );
        } finally {
          last.forEach(note);
        }
      },
    }),
  };
};

/**
 * Runs `act` up to its transaction, `meanwhile` beside it, and lets `act` go on.
 * Returns what it answered. An `act` that needs no transaction is not held.
 */
export const between = async <T>(gate: Gate, act: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T> => {
  const held = gate.hold();
  try {
    const acting = act();
    await Promise.race([held.reached, acting]);
    await meanwhile();
    held.release();
    return await acting;
  } finally {
    held.release();
  }
};
