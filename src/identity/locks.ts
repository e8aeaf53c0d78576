import type { Sql } from "../db/sql.ts";
import { serviceError } from "../errors/service-error.ts";
import { uuidBytes } from "../lib/ids.ts";

/** Locks a person without changing them: what else is found then stays as it is until the transaction ends. */
export interface PersonLocks {
  /** @throws SESSION_INACTIVE there is no such person, or they are not active */
  lockActive(tx: Sql, id: string): Promise<void>;
  /** For who has something else to say then. False: there is no such person, or they are not active. */
  tryLockActive(tx: Sql, id: string): Promise<boolean>;
  /** For what may happen to people who are not active as well. False: there is no such person. */
  tryLock(tx: Sql, id: string): Promise<boolean>;
  /** The same before the person is read: only that says whether they are there. */
  lock(tx: Sql, id: string): Promise<void>;
}

const tryLockActive: PersonLocks["tryLockActive"] = async (tx, id) => {
  const { affectedRows } = await tx.execute("UPDATE identities SET turn = turn + 1 WHERE id = ? AND state = 'active'", [
    uuidBytes(id),
  ]);
  return affectedRows === 1;
};

const tryLock: PersonLocks["tryLock"] = async (tx, id) => {
  const { affectedRows } = await tx.execute("UPDATE identities SET turn = turn + 1 WHERE id = ?", [uuidBytes(id)]);
  return affectedRows === 1;
};

/** The locks. They have no state of their own. */
export const personLocks: PersonLocks = {
  async lockActive(tx, id) {
    if (await tryLockActive(tx, id)) return;
    throw serviceError("SESSION_INACTIVE", { explain: "The account was disabled or deleted at the same time." });
  },
  tryLockActive,
  tryLock,
  async lock(tx, id) {
    await tryLock(tx, id);
  },
};
