import type { Database, Sql } from "../../db/sql.ts";
import type { IdentityStore } from "../../identity/store.ts";
import { exponentialBackoff } from "../../jobs/backoff.ts";
import type { Jobs } from "../../jobs/engine.ts";
import type { JobKind } from "../../jobs/job.ts";
import type { Clock } from "../../lib/clock.ts";

const KIND = "release_addresses";

/** Queues the end of what is reserved for a person, `lifespan` milliseconds from now. */
export const releaseLater =
  (jobs: Pick<Jobs, "enqueue">, clock: Clock, lifespan: number) =>
  async (tx: Sql, identityId: string): Promise<void> => {
    const until = clock.now().getTime() + lifespan;
    await jobs.enqueue(tx, { kind: KIND, payload: { identity_id: identityId, until }, delay: lifespan, identityId });
  };

/** Creates the job that releases addresses that were reserved while their change could be undone. */
export const createReleaseJob = ({
  db,
  identities,
  clock,
}: {
  readonly db: Database;
  readonly identities: Pick<IdentityStore, "release">;
  readonly clock: Clock;
}): JobKind => ({
  name: KIND,
  concurrency: 2,
  timeout: 60_000,
  delay: exponentialBackoff({ first: 1_000, max: 600_000 }),
  run: async ({ payload }) => {
    // Clocks differ: what was too early would be reserved for ever.
    const wait = Number(payload.until) - clock.now().getTime();
    if (wait > 0) return { kind: "retry", reason: "it is reserved a little longer", after: wait };
    await identities.release(db, String(payload.identity_id), clock.now());
    return undefined;
  },
});
