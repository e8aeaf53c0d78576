import type { Sql, SqlValue } from "../db/sql.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { paddedList } from "../lib/in-groups.ts";
import { type EventRow, eventColumns, eventFromRow, type StoredEvent } from "./event-log.ts";

/** The key of an event. */
export type EventKey = Pick<StoredEvent, "id" | "identityId">;

/** An event of which nothing is queued yet for whoever is to get it. */
export interface EventToRelay extends EventKey {
  /** Reads its row. @throws Error for one that cannot be read */
  event(): StoredEvent;
  /** The names of those that wanted its type when it was written. */
  readonly receivers: readonly string[];
}

/** From which person on events are read: with theirs, or after theirs. */
export interface EventsFrom {
  readonly identityId: string;
  readonly isAfter: boolean;
}

/**
 * Events that are marked, from their transaction on until deliveries are queued for their receivers. One that nothing
 * can be queued for is set aside, until an operator has it delivered once more or its time has come to be purged.
 */
export interface EventsToRelay {
  /** By person and their order: where a batch ends, no later event of a person stands before an earlier one. */
  read(sql: Sql, limit: number, from?: EventsFrom): Promise<readonly EventToRelay[]>;
  /** The person of the marked event after the first `skipped`; undefined: there are not so many. */
  personAfter(sql: Sql, skipped: number): Promise<string | undefined>;
  /**
   * Marks events for one receiver, once, beside those that they are marked or set aside for; returns how many are still
   * there. What was purged, but for its checkpoint, is not.
   */
  mark(sql: Sql, receiver: string, events: readonly EventKey[]): Promise<number>;
  /** Takes the marks off; returns how many still had one. */
  unmark(tx: Sql, events: readonly EventKey[]): Promise<number>;
  /** Sets one aside; false: it was not marked any more. */
  setAside(sql: Sql, event: EventKey): Promise<boolean>;
  /** Those that were set aside and that a receiver is to get, by person. */
  asideFor(sql: Sql, receiver: string, limit: number): Promise<readonly EventKey[]>;
  /** How many were set aside, by receiver. One event may be for several. */
  countAside(sql: Sql): Promise<ReadonlyMap<string, number>>;
  /** How many are marked, and how many were set aside. */
  counts(sql: Sql): Promise<{ readonly waiting: number; readonly aside: number }>;
}

/** The values of `relay`. */
const [MARKED, ASIDE] = [1, 2] as const;

const byMark = "security_events e FORCE INDEX (security_events_relay)";
const isThere = "e.created_at IS NOT NULL";

/** Finds events by their primary key. By the index of marks it would wait for changes that are not committed yet. */
const byPrimaryKey = (
  events: readonly EventKey[],
): readonly [table: string, condition: string, values: readonly Buffer[]] => {
  const keys = paddedList(events).map(({ identityId, id }) => [uuidBytes(identityId), uuidBytes(id)]);
  const condition = keys.map(() => "(identity_id = ? AND id = ?)").join(" OR ");
  return ["security_events FORCE INDEX (PRIMARY)", condition, keys.flat()];
};

/**
 * Creates the `EventsToRelay`. What is not committed is not read, and no later event of the person is committed before
 * it.
 */
export const createEventsToRelay = (): EventsToRelay => ({
  async read(sql, limit, from) {
    const values: SqlValue[] = from ? [uuidBytes(from.identityId)] : [];
    const rows = await sql.query<EventRow & { readonly receivers: string | null }>(
      `SELECT ${eventColumns}, e.receivers FROM ${byMark}
        WHERE e.relay = ${MARKED} AND ${isThere}${from ? ` AND e.identity_id ${from.isAfter ? ">" : ">="} ?` : ""}
        ORDER BY e.identity_id, e.position LIMIT ${Math.trunc(limit)}`,
      values,
    );
    return rows.map((row) => ({
      identityId: uuidText(row.identity_id),
      id: uuidText(row.id),
      event: () => eventFromRow(row),
      receivers: row.receivers?.split(",") ?? [],
    }));
  },

  async personAfter(sql, skipped) {
    const [row] = await sql.query<{ identity_id: Buffer }>(
      `SELECT e.identity_id FROM ${byMark} WHERE e.relay = ${MARKED}
        ORDER BY e.identity_id, e.position LIMIT 1 OFFSET ${Math.trunc(skipped)}`,
    );
    return row && uuidText(row.identity_id);
  },

  async mark(sql, receiver, events) {
    if (events.length === 0) return 0;
    const [table, condition, values] = byPrimaryKey(events);
    const { affectedRows } = await sql.execute(
      `UPDATE ${table}
          SET receivers = IF(relay IS NULL, ?, IF(FIND_IN_SET(?, receivers), receivers, CONCAT(receivers, ',', ?))),
              relay = ${MARKED}
        WHERE (${condition}) AND created_at IS NOT NULL`,
      [receiver, receiver, receiver, ...values],
    );
    return affectedRows;
  },

  async unmark(tx, events) {
    if (events.length === 0) return 0;
    const [table, condition, values] = byPrimaryKey(events);
    const { affectedRows } = await tx.execute(
      `UPDATE ${table} SET relay = NULL, receivers = NULL WHERE (${condition}) AND relay = ${MARKED}`,
      values,
    );
    return affectedRows;
  },

  async setAside(sql, { identityId, id }) {
    const { affectedRows } = await sql.execute(
      `UPDATE security_events FORCE INDEX (PRIMARY) SET relay = ${ASIDE}
        WHERE identity_id = ? AND id = ? AND relay = ${MARKED}`,
      [uuidBytes(identityId), uuidBytes(id)],
    );
    return affectedRows === 1;
  },

  async asideFor(sql, receiver, limit) {
    const rows = await sql.query<Pick<EventRow, "id" | "identity_id">>(
      `SELECT e.identity_id, e.id FROM ${byMark}
        WHERE e.relay = ${ASIDE} AND ${isThere} AND FIND_IN_SET(?, e.receivers)
        ORDER BY e.identity_id, e.position LIMIT ${Math.trunc(limit)}`,
      [receiver],
    );
    return rows.map((row) => ({ identityId: uuidText(row.identity_id), id: uuidText(row.id) }));
  },

  async countAside(sql) {
    const rows = await sql.query<{ receivers: string | null; n: number | string }>(
      `SELECT e.receivers, COUNT(*) AS n FROM ${byMark} WHERE e.relay = ${ASIDE} AND ${isThere} GROUP BY e.receivers`,
    );
    const counts = new Map<string, number>();
    for (const { receivers, n } of rows)
      for (const name of receivers?.split(",") ?? []) counts.set(name, (counts.get(name) ?? 0) + Number(n));
    return counts;
  },

  async counts(sql) {
    const rows = await sql.query<{ relay: number; n: number | string }>(
      `SELECT e.relay, COUNT(*) AS n FROM ${byMark}
        WHERE e.relay IN (${MARKED}, ${ASIDE}) AND ${isThere} GROUP BY e.relay`,
    );
    const counted = new Map(rows.map(({ relay, n }) => [Number(relay), Number(n)]));
    return { waiting: counted.get(MARKED) ?? 0, aside: counted.get(ASIDE) ?? 0 };
  },
});
