import type { Database, Sql, TransactionOptions } from "../db/sql.ts";
import { StacklessError } from "../lib/stackless-error.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "./concurrent-change.ts";
import { repeatSteps } from "./repeat-steps.ts";
import { createSlowWork, type SlowWork, SlowWorkWhileLocked } from "./slow-work.ts";
import type { IdentityStore } from "./store.ts";

/** How one try ended: with something to do once all is written, or because another request came between. */
export type Attempted<T> = Written<T> | ChangedIdentity;

/** All is written. */
export interface Written<T> {
  readonly kind: "done";
  /** Makes the answer. */
  readonly render: () => Promise<T>;
}

/** Another request came between. What was written is undone. */
export interface ChangedIdentity extends ConcurrentChange {
  /** Whose account both are about. */
  readonly identityId: string;
}

/**
 * A failure that writes something itself, such as a form with what is wrong: it
 * is thrown out of the transaction, which is undone, and does so afterwards.
 */
export class AfterRollback extends StacklessError {
  override readonly name = "AfterRollback";
  readonly failure: () => Promise<Error>;

  constructor(failure: () => Promise<Error>) {
    super("a failure that is thrown once the transaction is undone");
    this.failure = failure;
  }
}

/** One try of a change. */
export interface Try {
  /** Where it reads and writes: the database itself, or a transaction in which nobody else can change the person. */
  readonly sql: Sql;
  readonly slow: SlowWork;
}

/** Runs changes of people again after a conflict, unless the client named a precondition. */
export interface ConflictRetry {
  /**
   * Tries a change on the database itself. If another request came between, its
   * steps are repeated in a transaction that holds the person's row, with the
   * results of the slow work that was done. Where the other request has changed
   * what that work was made of, it is done again before, without the lock.
   */
  run<T>(attempt: (tried: Try) => Promise<Attempted<T>>): Promise<T>;
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

  type Attempt<T> = (tried: Try) => Promise<Attempted<T>>;

  /** Undefined: slow work is to be done first. */
  const locked = async <T>(id: string, attempt: Attempt<T>, slow: SlowWork): Promise<Attempted<T> | undefined> => {
    try {
      return await db.transaction(async (sql) => {
        await identities.findForUpdate(sql, id);
        const tried = await attempt({ sql, slow });
        if (tried.kind === "concurrent_change") throw new ConcurrentChangeError("another request came between");
        return tried;
      });
    } catch (thrown) {
      if (thrown instanceof ConcurrentChangeError) return { ...concurrentChange, identityId: id };
      if (thrown instanceof SlowWorkWhileLocked) return undefined;
      throw thrown;
    }
  };

  const run: ConflictRetry["run"] = async (attempt) => {
    const slow = createSlowWork();
    const unlocked = () => attempt({ sql: db, slow: slow.unlocked });
    let changed: string | undefined;
    const written = await repeatSteps(async () => {
      const id = changed;
      const tried =
        id === undefined
          ? await unlocked()
          : await inTurn(id, async () => (await locked(id, attempt, slow.locked)) ?? unlocked());
      if (tried.kind === "done") return tried;
      changed = tried.identityId;
      return undefined;
    });
    return written.render();
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

/** Runs work in the transaction at hand, or in one of its own, which may be one with others. */
export const inTransaction = <T>(
  sql: Sql,
  db: Database,
  work: (tx: Sql) => Promise<T>,
  options?: Pick<TransactionOptions, "shared">,
): Promise<T> => (sql === db ? db.transaction(work, options) : work(sql));
