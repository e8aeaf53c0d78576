import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../db/sql.ts";
import { DatabaseUnavailable } from "../../db/sql-error.ts";
import { uuid4, uuidBytes } from "../../lib/ids.ts";

/** Who imports from a source at this moment. */
export interface MoveHolder {
  readonly kind: "held";
  /** Host and process of the run. */
  readonly about: string;
  readonly begunAt: Date;
  /** When it is over, unless the run prolongs it. */
  readonly expiresAt: Date;
}

/** The right to import from a source, held by one run at a time. */
export interface MoveLease {
  readonly kind: "acquired";
  /** Aborted when another run has begun, or may have because the database was out of reach for too long. */
  readonly lost: AbortSignal;
  /** Never throws: what cannot be released is over in time. */
  release(): Promise<void>;
}

/** The wait for it was given up. */
export interface MoveStopped {
  readonly kind: "stopped";
}

/** What acquiring it needs. */
export interface MoveLeaseOptions {
  /** Network of the source. */
  readonly source: string;
  /** Host and process of this run. */
  readonly about: string;
  /** Seconds without a sign of life after which another run may begin. Default 15. */
  readonly seconds?: number;
  /** Ends the wait at once where it is aborted. */
  readonly signal?: AbortSignal;
  /** Is called once with another run that has it, and may have crashed. */
  readonly onWait?: (holder: MoveHolder) => void;
}

const LONGEST_ABOUT = 190;

const POLL_MS = 250;

/**
 * Takes the right to import from a source, or says who has it. A run that has it prolongs it in the background: one
 * that crashed does not, so that this waits until it is prolonged, or is over. It is a row and not a named lock,
 * because those do not span a cluster. Its times are the database's own.
 */
export const acquireMoveLease = async (
  db: Pick<Database, "execute" | "query">,
  { source, about, seconds = 15, signal, onWait }: MoveLeaseOptions,
): Promise<MoveLease | MoveHolder | MoveStopped> => {
  const [key, owner] = [uuidBytes(source), uuidBytes(uuid4())];
  const end = `UTC_TIMESTAMP(3) + INTERVAL ${Number(seconds)} SECOND`;
  const change = async (sql: string, values: Parameters<Database["execute"]>[1]): Promise<boolean> =>
    (await db.execute(sql, values, "same")).affectedRows === 1;

  const described = about.slice(0, LONGEST_ABOUT);
  const acquire = async (): Promise<boolean> =>
    (await change(
      `INSERT IGNORE INTO move_leases (source, owner, about, begun_at, expires_at)
        VALUES (?, ?, ?, UTC_TIMESTAMP(3), ${end})`,
      [key, owner, described],
    )) ||
    (await change(
      `UPDATE move_leases SET owner = ?, about = ?, begun_at = UTC_TIMESTAMP(3), expires_at = ${end}
        WHERE source = ? AND (owner = ? OR expires_at < UTC_TIMESTAMP(3))`,
      [owner, described, key, owner],
    ));
  const find = async (): Promise<MoveHolder | undefined> => {
    const [row] = await db.query<{ readonly about: string; readonly begun_at: Date; readonly expires_at: Date }>(
      "SELECT about, begun_at, expires_at FROM move_leases WHERE source = ?",
      [key],
    );
    return row && { kind: "held", about: row.about, begunAt: row.begun_at, expiresAt: row.expires_at };
  };

  let first: MoveHolder | undefined;
  while (!(await acquire())) {
    const holder = await find();
    if (holder !== undefined && first === undefined) onWait?.(holder);
    first ??= holder;
    if (first && holder && holder.expiresAt > first.expiresAt) return holder;
    // The sleep ends early and rejects where the wait is given up.
    await sleep(POLL_MS, undefined, signal && { signal }).catch(() => undefined);
    if (signal?.aborted) return { kind: "stopped" };
  }

  const lost = new AbortController();
  let prolongedAt = performance.now();
  const prolong = async (): Promise<void> => {
    const askedAt = performance.now();
    try {
      if (!(await change(`UPDATE move_leases SET expires_at = ${end} WHERE source = ? AND owner = ?`, [key, owner])))
        lost.abort();
      prolongedAt = askedAt;
    } catch (error) {
      // Until it is over no other run can have acquired it.
      const isOver = performance.now() - prolongedAt > seconds * 1_000;
      if (isOver || !(error instanceof DatabaseUnavailable)) lost.abort();
    }
  };
  const heartbeat = setInterval(prolong, (seconds * 1_000) / 3);
  heartbeat.unref();
  return {
    kind: "acquired",
    lost: lost.signal,
    release: async () => {
      clearInterval(heartbeat);
      await db
        .execute("DELETE FROM move_leases WHERE source = ? AND owner = ?", [key, owner], "same")
        .catch(() => undefined);
    },
  };
};
