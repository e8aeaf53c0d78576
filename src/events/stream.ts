import type { Database, Sql } from "../db/sql.ts";
import { uuidText } from "../lib/ids.ts";

/*
 * The order of all events. Ids and times are made before a change commits, so an
 * event may become visible after others that are newer by them. What is
 * watched goes by a place that an event is given once it is committed: by one
 * node at a time, which holds the one row of `event_stream`. Whoever has read up to a
 * place has read all before it, whatever commits later.
 */

/** How far the stream goes. */
export interface StreamEnds {
  /** The place of the newest event. */
  readonly last: number;
  /** The place up to which events were purged. */
  readonly purged: number;
}

/** Gives events their places. */
export interface EventStream {
  /** Gives places to events that were committed and have none; returns how many there were. */
  advance(): Promise<number>;
  ends(sql: Sql): Promise<StreamEnds>;
  /** Notes that events up to a place are gone. */
  purged(sql: Sql, place: number): Promise<void>;
}

interface Waiting {
  readonly identity_id: Buffer;
  readonly id: Buffer;
  readonly created_at: Date;
}

/** Events that get their places in one transaction. */
const BATCH = 200;

/** Creates an `EventStream`. */
export const createEventStream = (db: Database): EventStream => {
  const place = (): Promise<number> =>
    db.transaction(async (tx) => {
      const [row] = await tx.query<{ last: number | string }>("SELECT last FROM event_stream WHERE id = 1 FOR UPDATE");
      // By person and their order: where the batch ends, no later event of a person stands before an earlier one.
      const waiting = await tx.query<Waiting>(
        `SELECT e.identity_id, e.id, e.created_at FROM security_events e
          WHERE e.stream_position IS NULL ORDER BY e.identity_id, e.position LIMIT ${BATCH}`,
      );
      let last = Number(row?.last ?? 0);
      for (const { identity_id, id } of inOrder(waiting)) {
        last += 1;
        await tx.execute("UPDATE security_events SET stream_position = ? WHERE identity_id = ? AND id = ?", [
          last,
          identity_id,
          id,
        ]);
      }
      if (waiting.length > 0) await tx.execute("UPDATE event_stream SET last = ? WHERE id = 1", [last]);
      return waiting.length;
    });

  return {
    advance: async () => {
      let count = 0;
      for (let placed = BATCH; placed === BATCH; count += placed) {
        const found = await db.query("SELECT 1 AS n FROM security_events e WHERE e.stream_position IS NULL LIMIT 1");
        if (found.length === 0) return count;
        placed = await place();
      }
      return count;
    },

    ends: async (sql) => {
      const [row] = await sql.query<{ last: number | string; purged: number | string }>(
        "SELECT last, purged FROM event_stream WHERE id = 1",
      );
      return { last: Number(row?.last ?? 0), purged: Number(row?.purged ?? 0) };
    },

    purged: async (sql, upTo) => {
      await sql.execute("UPDATE event_stream SET purged = GREATEST(purged, ?) WHERE id = 1", [upTo]);
    },
  };
};

/** By time, as far as the order of each person allows: clocks of nodes differ. */
const inOrder = (waiting: readonly Waiting[]): readonly Waiting[] => {
  const latest = new Map<string, number>();
  const timed = waiting.map((event) => {
    const identity = uuidText(event.identity_id);
    const at = Math.max(event.created_at.getTime(), latest.get(identity) ?? 0);
    latest.set(identity, at);
    return { event, at };
  });
  return timed.sort((a, b) => a.at - b.at).map(({ event }) => event);
};
