import type { Database, Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { IdentityStore } from "../../identity/store.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "./concurrent-change.ts";

/** How one try ended: with something to do once all is written, or because another request came between. */
export type Attempted<T> = { readonly kind: "done"; readonly render: () => Promise<T> } | ChangedIdentity;

/** Another request came between. What was written is undone. */
export interface ChangedIdentity extends ConcurrentChange {
  /** Whose account both are about. */
  readonly identityId: string;
}

/**
 * A failure that writes something itself, such as a form with what is wrong: it
 * is thrown out of the transaction, which is undone, and does so afterwards.
 */
export class AfterRollback extends Error {
  override readonly name = "AfterRollback";
  readonly failure: () => Promise<Error>;

  constructor(failure: () => Promise<Error>) {
    super("a failure that is told once the transaction is undone");
    this.failure = failure;
  }
}

/**
 * How often it is tried. Whoever holds the lock is in nobody's way, so the second try is the last but for what is
 * over meanwhile.
 */
const TRIES = 5;

/** Runs changes of people so that nobody who made no precondition hears of a lost race. */
export interface ConflictRetry {
  /**
   * Tries a change on the database itself, and if another request came between,
   * again in the transaction that it is given, in which nobody else can change
   * the person.
   */
  run<T>(attempt: (sql: Sql) => Promise<Attempted<T>>): Promise<T>;
}

/** Creates them. Requests of this process for one person wait here, so that only one of them waits in the database. */
export const createConflictRetry = ({
  db,
  identities,
}: {
  readonly db: Database;
  readonly identities: IdentityStore;
}): ConflictRetry => {
  const waiting = new Map<string, Promise<void>>();

  const inTurn = async <T>(id: string, work: () => Promise<T>): Promise<T> => {
    const before = waiting.get(id);
    const { promise: mine, resolve: done } = Promise.withResolvers<void>();
    waiting.set(id, mine);
    try {
      await before;
      return await work();
    } finally {
      done();
      if (waiting.get(id) === mine) waiting.delete(id);
    }
  };

  const locked = <T>(id: string, attempt: (sql: Sql) => Promise<Attempted<T>>): Promise<Attempted<T>> =>
    inTurn(id, async () => {
      try {
        return await db.transaction(async (tx) => {
          await identities.findForUpdate(tx, id);
          const tried = await attempt(tx);
          if (tried.kind === "concurrent_change") throw new ConcurrentChangeError("another request came between");
          return tried;
        });
      } catch (thrown) {
        if (thrown instanceof ConcurrentChangeError) return { ...concurrentChange, identityId: id };
        throw thrown;
      }
    });

  const run: ConflictRetry["run"] = async (attempt) => {
    let tried = await attempt(db);
    for (let tries = 1; tried.kind === "concurrent_change" && tries < TRIES; tries++)
      tried = await locked(tried.identityId, attempt);
    if (tried.kind === "concurrent_change")
      throw serviceError("OVERLOADED", {
        explain: "The account is being changed by other requests all the time.",
        headers: { "retry-after": "1" },
      });
    return tried.render();
  };

  return {
    run: async (attempt) => {
      try {
        return await run(attempt);
      } catch (thrown) {
        throw await failureOf(thrown);
      }
    },
  };
};

/** The error that is thrown in the end. */
const failureOf = async (thrown: unknown): Promise<unknown> => {
  if (!(thrown instanceof AfterRollback)) return thrown;
  try {
    return await thrown.failure();
  } catch (another) {
    return failureOf(another);
  }
};

/** Runs work in the transaction at hand, or in one of its own. */
export const inTransaction = <T>(sql: Sql, db: Database, work: (tx: Sql) => Promise<T>): Promise<T> =>
  sql === db ? db.transaction(work) : work(sql);
