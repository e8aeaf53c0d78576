import type { Database } from "../../db/sql.ts";
import type { DeletionStore } from "../../identity/deletions.ts";
import type { IdentityStore } from "../../identity/store.ts";
import { exponentialBackoff } from "../../jobs/backoff.ts";
import type { JobKind, JobResult } from "../../jobs/job.ts";
import type { Clock } from "../../lib/clock.ts";
import type { EraseAccount } from "./erase-account.ts";

/** The kind of job that erases an account whose time has come. */
export const deletionJob = "account_deletion";

/** Milliseconds between two looks at a deletion that must wait longer than the job thought, at least. */
const AGAIN = 1_000;

/** What the job needs. */
export interface DeletionJobDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly store: DeletionStore;
  readonly erase: EraseAccount;
}

/**
 * Creates the job. It erases only what still waits and is due: one that a sign-in called off leaves a job with nothing
 * to do, and one that was asked for anew is its own job's.
 */
export const createDeletionJob = ({ clock, db, erase, identities, store }: DeletionJobDeps): JobKind => ({
  name: deletionJob,
  concurrency: 2,
  timeout: 600_000,
  delay: exponentialBackoff({ first: AGAIN, max: 3_600_000 }),
  run: ({ payload }): Promise<JobResult> => {
    const id = String(payload.identity_id);
    return db.transaction(async (tx): Promise<JobResult> => {
      await identities.lock(tx, id);
      const waiting = await store.find(tx, id);
      if (waiting === undefined) return undefined;
      const left = waiting.dueAt.getTime() - clock.now().getTime();
      if (left > 0) return { kind: "retry", reason: "it is not due yet", after: Math.max(AGAIN, left) };
      await erase(tx, id, {});
      return undefined;
    });
  },
});
