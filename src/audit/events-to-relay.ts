import type { Sql } from "../db/sql.ts";
import { uuidBytes } from "../lib/ids.ts";
import { paddedList } from "../lib/in-groups.ts";
import { type EventRow, eventColumns, eventFromRow, type StoredEvent } from "./event-log.ts";

/** An event of which nothing is queued yet for whoever is to get it. */
export interface EventToRelay extends StoredEvent {
  /** The names of those that wanted its type when it was written. */
  readonly receivers: readonly string[];
}

/** Events that are marked, from their transaction on until deliveries are queued for their receivers. */
export interface EventsToRelay {
  /** By person and their order: where a batch ends, no later event of a person stands before an earlier one. */
  read(sql: Sql, limit: number): Promise<readonly EventToRelay[]>;
  /**
   * Marks events for one receiver, once, beside those that they are marked for; gives how many are still there. What
   * was purged, but for its checkpoint, is not.
   */
  mark(sql: Sql, receiver: string, events: readonly StoredEvent[]): Promise<number>;
  /** Takes the marks off; gives how many still had one. */
  unmark(tx: Sql, events: readonly EventToRelay[]): Promise<number>;
  count(sql: Sql): Promise<number>;
}

/** Finds events by their primary key. By the index of marks it would wait for changes that are not committed yet. */
const these = (events: readonly StoredEvent[]): readonly [table: string, condition: string, values: Buffer[]] => {
  const keys = paddedList(events).map(({ identityId, id }) => [uuidBytes(identityId), uuidBytes(id)]);
  const condition = keys.map(() => "(identity_id = ? AND id = ?)").join(" OR ");
  return ["security_events FORCE INDEX (PRIMARY)", condition, keys.flat()];
};

/** Creates it. What is not committed is not read, and no later event of the person is committed before it. */
export const createEventsToRelay = (): EventsToRelay => ({
  async read(sql, limit) {
    const rows = await sql.query<EventRow & { readonly receivers: string | null }>(
      `SELECT ${eventColumns}, e.receivers FROM security_events e FORCE INDEX (security_events_relay)
        WHERE e.relay = 1 AND e.created_at IS NOT NULL ORDER BY e.identity_id, e.position LIMIT ${Math.trunc(limit)}`,
    );
    return rows.map((row) => ({ ...eventFromRow(row), receivers: row.receivers?.split(",") ?? [] }));
  },

  async mark(sql, receiver, events) {
    if (events.length === 0) return 0;
    const [table, condition, values] = these(events);
    const { affectedRows } = await sql.execute(
      `UPDATE ${table}
          SET receivers = IF(relay = 1, IF(FIND_IN_SET(?, receivers), receivers, CONCAT(receivers, ',', ?)), ?), relay = 1
        WHERE (${condition}) AND created_at IS NOT NULL`,
      [receiver, receiver, receiver, ...values],
    );
    return affectedRows;
  },

  async unmark(tx, events) {
    if (events.length === 0) return 0;
    const [table, condition, values] = these(events);
    const { affectedRows } = await tx.execute(
      `UPDATE ${table} SET relay = NULL, receivers = NULL WHERE (${condition}) AND relay = 1`,
      values,
    );
    return affectedRows;
  },

  async count(sql) {
    const [row] = await sql.query<{ n: number | string }>(
      "SELECT COUNT(*) AS n FROM security_events e FORCE INDEX (security_events_relay) WHERE e.relay = 1 AND e.created_at IS NOT NULL",
    );
    return Number(row?.n ?? 0);
  },
});
