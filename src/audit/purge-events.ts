import type { Database } from "../db/sql.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { checkpointDigest } from "./chain.ts";
import { CHECKPOINT } from "./verify-chain.ts";

/** What purging events needs. */
export interface PurgeEventsDeps {
  readonly db: Database;
  /** Keys the digests of checkpoints. */
  readonly digestKey: string;
  /** Events that are looked at in one go. */
  readonly batchSize: number;
  /** Hears up to which place of the stream events are gone. */
  readonly purged: (place: number) => Promise<void>;
}

interface Old {
  readonly identity_id: Buffer;
  readonly position: number | string | null;
  readonly stream_position: number | string | null;
}

/**
 * Creates what purges events that are older than a time; it gives how many it
 * found. The last one of each person becomes a checkpoint: its digest stays, by
 * which those that follow can be verified, and nothing of what it said.
 */
export const createPurgeEvents = ({ db, digestKey, batchSize, purged }: PurgeEventsDeps) => {
  const purgeOf = (identity: Buffer, last: number, until: Date): Promise<void> =>
    db.transaction(async (tx) => {
      await tx.execute("DELETE FROM security_events WHERE identity_id = ? AND position IS NULL AND created_at <= ?", [
        identity,
        until,
      ]);
      if (last === 0) return;
      const [row] = await tx.query<{ digest: Buffer }>(
        "SELECT e.digest FROM security_events e WHERE e.identity_id = ? AND e.position = ?",
        [identity, last],
      );
      if (row === undefined) return;
      await tx.execute("DELETE FROM security_events WHERE identity_id = ? AND position < ?", [identity, last]);
      const mac = checkpointDigest(digestKey, uuidText(identity), last, row.digest);
      await tx.execute(
        `UPDATE security_events SET type = '${CHECKPOINT}', outcome = '', session_id = NULL, remote_address = '',
                user_agent = '', request_id = '', detail = ?, created_at = NULL, stream_position = 0
          WHERE identity_id = ? AND position = ?`,
        [JSON.stringify({ mac }), identity, last],
      );
    });

  return async (until: Date): Promise<number> => {
    const old = await db.query<Old>(
      `SELECT e.identity_id, e.position, e.stream_position FROM security_events e
        WHERE e.created_at <= ? ORDER BY e.created_at LIMIT ${Math.trunc(batchSize)}`,
      [until],
    );
    const last = new Map<string, number>();
    let place = 0;
    for (const { identity_id, position, stream_position } of old) {
      const identity = uuidText(identity_id);
      last.set(identity, Math.max(last.get(identity) ?? 0, Number(position ?? 0)));
      place = Math.max(place, Number(stream_position ?? 0));
    }
    // First, so that whoever watches does not miss in silence what is gone.
    if (place > 0) await purged(place);
    for (const [identity, position] of last) await purgeOf(uuidBytes(identity), position, until);
    return old.length;
  };
};
