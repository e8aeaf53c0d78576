import type { Database } from "./sql.ts";
import { DatabaseUnavailable } from "./sql-error.ts";

/** The right to migrate, held by one node at a time. */
export interface Lease {
  /** Throws unless the lease is still ours, and prolongs it. */
  mustHold(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Tries to acquire the lease; undefined when another node holds it. After `seconds`
 * without a sign of life the next node takes over.
 *
 * It is a row and not a named lock, because those do not span a cluster. Its
 * time is the database's own, so that clocks of nodes may differ. A node that
 * migrates for long prolongs it in the background.
 */
export const acquireLease = async (db: Database, owner: Buffer, seconds: number): Promise<Lease | undefined> => {
  const acquire = async () => {
    const { affectedRows } = await db.execute(
      `UPDATE schema_migration_lease SET owner = ?, expires_at = UTC_TIMESTAMP(3) + INTERVAL ${seconds} SECOND
        WHERE id = 1 AND (owner IS NULL OR owner = ? OR expires_at < UTC_TIMESTAMP(3))`,
      [owner, owner],
    );
    return affectedRows === 1;
  };
  if (!(await acquire())) return undefined;

  let lost = false;
  const heartbeat = setInterval(
    async () => {
      try {
        lost ||= !(await acquire());
      } catch (error) {
        // One missed heartbeat is no loss; the next one, or `mustHold`, tells.
        if (!(error instanceof DatabaseUnavailable)) lost = true;
      }
    },
    (seconds * 1000) / 3,
  );
  heartbeat.unref();

  return {
    mustHold: async () => {
      lost ||= !(await acquire());
      if (lost) throw new Error("another node has taken over the migration, because this one gave no sign of life");
    },
    release: async () => {
      clearInterval(heartbeat);
      await db.execute("UPDATE schema_migration_lease SET owner = NULL WHERE id = 1 AND owner = ?", [owner]);
    },
  };
};
