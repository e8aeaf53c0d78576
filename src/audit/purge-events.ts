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

interface OldRow {
  readonly position: number | string;
  readonly relay: number | null;
}

/**
 * Creates what purges events that are older than a time; it returns how many it
 * found, 0 where it can do nothing. The last one of each person becomes a checkpoint: its digest stays, by
 * which those that follow can be verified, and nothing of what it said. An event of which deliveries are still to be
 * queued is not purged, nor are those that follow it; one that was set aside is.
 */
export const createPurgeEvents = ({ db, digestKey, batchSize, purged }: PurgeEventsDeps) => {
  /** Returns whether anything was purged. */
  const purgeOf = (identity: Buffer, newest: number, until: Date): Promise<boolean> =>
    db.transaction(async (tx) => {
      // Locked, so that none of them is marked to be delivered once more before it is gone.
      const rows = await tx.query<OldRow>(
        "SELECT e.position, e.relay FROM security_events e WHERE e.identity_id = ? AND e.position <= ? FOR UPDATE",
        [identity, newest],
      );
      const held = rows.filter(({ relay }) => relay === 1).map(({ position }) => Number(position));
      const last = Math.min(newest, ...held.map((position) => position - 1));
      const { affectedRows } = await tx.execute(
        `DELETE FROM security_events WHERE identity_id = ? AND position IS NULL AND created_at <= ?
          AND (relay IS NULL OR relay = 2)`,
        [identity, until],
      );
      if (last === 0) return affectedRows > 0;
      const [row] = await tx.query<{ digest: Buffer }>(
        "SELECT e.digest FROM security_events e WHERE e.identity_id = ? AND e.position = ?",
        [identity, last],
      );
      if (row === undefined) return affectedRows > 0;
      await tx.execute("DELETE FROM security_events WHERE identity_id = ? AND position < ?", [identity, last]);
      const mac = checkpointDigest(digestKey, uuidText(identity), last, row.digest);
      await tx.execute(
        `UPDATE security_events SET type = '${CHECKPOINT}', outcome = '', session_id = NULL, remote_address = '',
                user_agent = '', request_id = '', detail = ?, created_at = NULL, stream_position = 0, relay = NULL,
                receivers = NULL
          WHERE identity_id = ? AND position = ?`,
        [JSON.stringify({ mac }), identity, last],
      );
      return true;
    });

  return async (until: Date): Promise<number> => {
    const old = await db.query<Old>(
      `SELECT e.identity_id, e.position, e.stream_position FROM security_events e
        WHERE e.created_at <= ? AND (e.relay IS NULL OR e.relay = 2) ORDER BY e.created_at
        LIMIT ${Math.trunc(batchSize)}`,
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
    let hasPurged = false;
    for (const [identity, position] of last) if (await purgeOf(uuidBytes(identity), position, until)) hasPurged = true;
    // What is held back would be found again and again.
    return hasPurged ? old.length : 0;
  };
};
